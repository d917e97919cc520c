-- Order by a counter: each score is one above the highest. At 2^53 (285 years at a million a second) the entries are
-- numbered anew from 1, in their order, and counting goes on.
local function next_score(count)
  return highest_with_room(count) + 1
end
