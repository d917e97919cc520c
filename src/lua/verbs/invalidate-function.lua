-- Invalidates the entries of one function, a portion at a time, and prevents its loads that are under way from being stored.
-- Promise: function-reached.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 soft (1 or 0), 2 what its hashes begin with, 3 where to go on ('0' at first), then the policy's own arguments
-- Reply: number of entries that existed in this portion, where to go on ('0' at the end), the number of the last
--        change (0: there is no log)
-- uses: publish trailer structures changes tags entries fence lease-end invalidation
local is_soft, part, cursor = ARGV[1] == '1', ARGV[2], ARGV[3]
read_ext(4)

local function is_own(hash)
  return hash:sub(1, #part) == part
end

heal() -- in each portion: what the sweep below removes must be there
if cursor == '0' then
  raise_fence('f:', { part })
  local own = {}
  for _, hash in ipairs(redis.call('ZRANGE', leases, 0, -1)) do
    own[#own + 1] = is_own(hash) and hash or nil
  end
  end_leases(own)
end
-- In each portion: what it removes may have been read after the portion before it.
tell('part', part)
sweep()

-- Redis has NOVALUES since 7.4, Valkey since 8.0. Older servers reply with the values too, so fewer are asked for at a time.
local scanned, step = redis.pcall('HSCAN', values, cursor, 'COUNT', 2 * FEW_ENTRIES, 'NOVALUES'), 1
if scanned.err then
  scanned, step = redis.call('HSCAN', values, cursor, 'COUNT', FEW_ENTRIES), 2
end
local fields, own = scanned[2], {}
for i = 1, #fields, step do
  if is_own(fields[i]) then
    own[#own + 1] = fields[i]
  end
end
local dropped = 0
for first = 1, #own, CHUNK do
  dropped = dropped + invalidate_entries(slice(own, first, math.min(#own, first + CHUNK - 1)), is_soft)
end
return answer({ dropped, scanned[1], end_telling() })
