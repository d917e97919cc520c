-- Invalidates the entries that have one of some tags, a portion at a time, and prevents loads under way whose
-- result would have one from being stored.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 soft (1 or 0), 2 which of the tags to go on with ('1' at first), 3 after which of its entries (empty: none), 4 count,
--       then the tags, then the policy's own arguments
-- Reply: number of entries that existed in this portion, which of the tags to go on with (0: no more), after which entry, the
--        number of the last change (0: there is no log)
-- uses: publish trailer structures changes tags entries fence lease-end invalidation
local is_soft, from, after, count = ARGV[1] == '1', tonumber(ARGV[2]), ARGV[3], tonumber(ARGV[4])
local names = slice(ARGV, 5, count + 4)
read_ext(count + 5)

heal() -- in each portion: what the sweep below removes must be there
if from == 1 and after == '' then
  raise_fence('t:', names)
  tell('number')
end
sweep()
if not exists(tags) then
  tell('no_tags')
end

-- An entry that becomes stale stays stored, and is found again under its other tags: count it only under the first.
local function first_found(hashes, at)
  if not is_soft or at == 1 then
    return hashes
  end
  local first = {}
  for i = 1, #hashes do
    local own, earlier = prefix_of('h', hashes[i]), {}
    for j = 1, at - 1 do
      earlier[j] = own .. names[j]
    end
    local is_found = false
    for _, score in ipairs(redis.call('ZMSCORE', tags, unpack(earlier))) do
      is_found = is_found or score
    end
    first[#first + 1] = not is_found and hashes[i] or nil
  end
  return first
end

local dropped, left = 0, FEW_ENTRIES
for i = from, #names do
  local hashes = suffixes_of(prefix_of('t', names[i]), left, after ~= '' and after)
  dropped, left = dropped + invalidate_entries(first_found(hashes, i), is_soft), left - #hashes
  if left == 0 then
    return answer({ dropped, i, hashes[#hashes], end_telling() })
  end
  after = ''
end
return answer({ dropped, 0, '', end_telling() })
