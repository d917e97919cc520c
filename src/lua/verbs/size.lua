-- Counts the entries that can be read now.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: none
-- Reply: number of entries, without expired ones
-- uses: counting
return answer(live())
