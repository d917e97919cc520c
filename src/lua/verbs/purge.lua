-- Removes all entries, and prevents loads that are under way from being stored.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: the policy's own arguments
-- Reply: number of entries removed, without expired ones; the number of the last change (0: there is no log)
-- uses: publish trailer structures changes tags entries fence counting lease-end invalidation
read_ext(1)
local removed = live()
discard_all()
for _, member in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
  if member:sub(1, 1) ~= '=' then
    end_lease(member)
  end
end
redis.call('UNLINK', leases, fence)
raise_fence('', { '' })
return answer({ removed, end_telling() })
