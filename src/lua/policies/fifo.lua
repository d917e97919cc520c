-- First in, first out: the entry stored first leaves first, and a hit changes nothing.
-- Invariant: scores are distinct and rise in the order of insertion.
-- uses: sorted-index sequence
local function touch() end

local function insert(hash)
  append(next_score(1), hash)
end

local function evict(count)
  return pop('ZPOPMIN', count)
end
