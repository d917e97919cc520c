-- Ends leases whose load stored no entry, and publishes that to the processes that wait for them.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 count, then for each: hash, the asker
-- Reply: 1
-- uses: publish lease-name lease-end lease-own
for i = 2, 2 * tonumber(ARGV[1]), 2 do
  end_own_lease(ARGV[i], ARGV[i + 1])
end
return answer(1)
