-- Invalidates entries, and prevents loads that are under way from being stored.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 soft (1: entries with a grace period become stale, 0: all are removed), 2 count, then the hashes, then the policy's own
--       arguments
-- Reply: number of entries that existed, the number of the last change (0: there is no log)
-- uses: publish trailer structures changes tags entries fence lease-end invalidation
local is_soft, count = ARGV[1] == '1', tonumber(ARGV[2])
local hashes = slice(ARGV, 3, count + 2)
read_ext(count + 3)

heal()
sweep()
local dropped = invalidate_entries(hashes, is_soft)
raise_fence('h:', hashes)
return answer({ dropped, end_telling() })
