-- Least recently used by the clock: as LRU, but each score is the time at which its entry was last used.
-- Invariant: scores rise in the order of the last access.
-- uses: sorted-index clock
local function touch(hashes)
  move_to_end(next_score(#hashes), hashes)
end

local function insert(hashes)
  append(next_score(#hashes), hashes)
end

local function evict(count)
  return pop_oldest(count)
end
