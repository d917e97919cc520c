-- How many entries can be read now: the expired ones are not counted.
local function live()
  local expired = redis.call('ZCOUNT', expiry, '-inf', now_ms())
  return math.max(0, redis.call('HLEN', values) - expired) -- the expiry may outlive values that `maxmemory` took
end
