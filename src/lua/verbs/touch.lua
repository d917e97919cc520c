-- Tells the policy that entries were read, in that order; one entry may come more than once. An entry that was evicted
-- meanwhile is not added again.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 count, then the hashes, then the policy's own arguments
-- Reply: the time in microseconds, and the moment up to which the policy has ordered entries: the time, or later
local count = tonumber(ARGV[1])
read_ext(count + 2)
local at_us = now_us()
touch(slice(ARGV, 2, count + 1))
return answer({ at_us, now_us() })
