-- The number of entries that can be read now, without expired ones.
local function live()
  local expired = redis.call('ZCOUNT', expiry, '-inf', now_ms())
  return math.max(0, redis.call('HLEN', values) - expired) -- `maxmemory` may have removed the values and left the expiry
end
