-- Most recently used: the entry touched last leaves first, which keeps a part of a loop larger than the cache.
-- Invariant: scores rise in the order of the last access.
-- uses: sorted-index sequence
local function touch(hashes)
  move_to_end(next_score(#hashes), hashes)
end

local function insert(hashes)
  append(next_score(#hashes), hashes)
end

local function evict(count)
  return pop('ZPOPMAX', count)
end
