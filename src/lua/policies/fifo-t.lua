-- First in, first out by the clock: as FIFO, but each score is the time at which its entry was stored.
-- Invariant: scores are distinct and rise in the order of insertion.
-- uses: sorted-index clock
local function touch() end

local function insert(hashes)
  append(next_score(#hashes), hashes)
end

local function evict(count)
  return pop_oldest(count)
end
