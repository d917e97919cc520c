-- Removes all entries, and keeps loads that are under way from storing theirs.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, then the policy's own structures
-- ARGV: the policy's own arguments
-- Reply: number of entries removed, the expired ones not counted
-- uses: trailer entries counting handing-over invalidation
read_ext(1)
local removed = live()
discard_all()
end_leases(redis.call('ZRANGE', leases, 0, -1))
redis.call('UNLINK', fence)
raise_fence('', { '' })
return removed
