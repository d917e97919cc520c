-- Prolongs the life of keys that would expire sooner. Keys that never expire, or later, stay as they are: another process
-- may have results that live longer.
-- KEYS: the keys to prolong
-- ARGV: 1 ttl_ms
-- Reply: 0
local ttl_ms = tonumber(ARGV[1])
for i = 1, #KEYS do
  local left_ms = redis.call('PTTL', KEYS[i])
  if left_ms >= 0 and left_ms < ttl_ms then
    redis.call('PEXPIRE', KEYS[i], ttl_ms)
  end
end
return 0
