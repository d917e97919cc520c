-- Most recently used: the entry used last is evicted first. Of a loop that is larger than the cache, a part stays stored.
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
