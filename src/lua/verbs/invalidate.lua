-- Removes entries, and keeps loads that are under way from storing them again.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, then the policy's own structures
-- ARGV: 1 count, then the hashes, then the policy's own arguments
-- Reply: number removed
-- uses: entries
local count = tonumber(ARGV[1])
local hashes = slice(ARGV, 2, count + 1)
ext = slice(ARGV, count + 2, #ARGV)

heal()
local at_us = now_us()
sweep(math.floor(at_us / 1000))
local before = redis.call('HLEN', values)
discard(hashes)

local members = {}
for i = 1, count do
  members[i] = 'h:' .. hashes[i]
end
raise_fence(members, digits(at_us))
return before - redis.call('HLEN', values)
