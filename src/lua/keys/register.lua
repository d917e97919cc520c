-- Adds a key pair to the registry of a cache, and lets the registry live long enough.
-- KEYS: 1 registry
-- ARGV: 1 pair (the key pair as JSON), 2 ttl_ms of the registry (0: none)
-- Reply: 0
local registry, ttl_ms = KEYS[1], tonumber(ARGV[2])
local left_ms = redis.call('PTTL', registry) -- -2: no such key, -1: it never expires
redis.call('SADD', registry, ARGV[1])
if ttl_ms == 0 then
  redis.call('PERSIST', registry)
elseif left_ms ~= -1 and left_ms < ttl_ms then
  redis.call('PEXPIRE', registry, ttl_ms)
end
return 0
