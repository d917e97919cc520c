-- Order by a counter that goes up by one with every access: the score is one above the highest, or `count` above it for
-- `count` accesses at once. So a score is never below the number of entries up to it. At 2^53 (285 years at a million
-- a second) the entries are numbered again from 1, in their order, and counting goes on.
local function next_score(count)
  return highest_below_limit(count) + count
end
