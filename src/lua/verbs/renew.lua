-- Prolongs leases.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, then the policy's own structures
-- ARGV: 1 lease_ms, 2 count, then for each: hash, the name of the lease
-- Reply: for each its new name; 0 if it was lost
-- uses: lease-end lease-expiry
local lease_us, count = ARGV[1] * 1000, tonumber(ARGV[2])
local reply = {}
for i = 3, 2 * count + 1, 2 do
  local hash, name = ARGV[i], tonumber(ARGV[i + 1])
  local until_us = 0
  if holds_lease(hash, name) then
    until_us = math.max(now_us() + lease_us, name + 1) -- a name is never used twice
    redis.call('ZADD', leases, digits(until_us), hash)
  end
  reply[#reply + 1] = until_us
end
prolong_leases(lease_us)
return reply
