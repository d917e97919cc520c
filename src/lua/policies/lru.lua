-- Least recently used: a hit moves an entry to the newest end, the entry at the oldest end is evicted first.
-- Invariant: scores rise in the order of the last access.
-- uses: sorted-index sequence
local function touch(hashes)
  move_to_end(next_score(#hashes), hashes)
end

local function insert(hashes)
  append(next_score(#hashes), hashes)
end

local function evict(count)
  return pop_oldest(count)
end
