-- Order by a counter that goes up by one with every access: the score is one above the highest, or `count` above it for
-- so many accesses at once, so that a score is never below the number of entries up to it. At 2^53 (285 years at a million
-- a second) the entries are numbered anew from 1, in their order, and counting goes on.
local function next_score(count)
  return highest_with_room(count) + count
end
