-- First in, first out: the entry that was stored first is evicted first, and a hit changes nothing.
-- Invariant: scores are distinct and rise in the order of insertion.
-- uses: sorted-index sequence
local function touch() end

local function insert(hashes)
  append(next_score(#hashes), hashes)
end

local function evict(count)
  return pop_oldest(count)
end
