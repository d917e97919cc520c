-- Gives leases back without an entry, and wakes who waits for them.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, then the policy's own structures
-- ARGV: 1 count, then for each: hash, the name of the lease
-- Reply: 1
-- uses: handing-over
for i = 2, 2 * tonumber(ARGV[1]), 2 do
  hand_over(ARGV[i], tonumber(ARGV[i + 1]))
end
return 1
