-- Keys that a policy keeps beside the index.

-- Gives a key that this script has created, or written without its TTL, the TTL of the index.
local function live_with_index(key)
  if redis.call('PTTL', key) == -1 then
    local ttl_ms = redis.call('PTTL', index)
    if ttl_ms > 0 then
      redis.call('PEXPIRE', key, ttl_ms)
    end
  end
end
