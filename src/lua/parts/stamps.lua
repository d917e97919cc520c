-- Scores of entries that have a priority: priority * 2^26 + stamp. A stamp is the number of the access that set the priority, so
-- that within a priority the stamps rise in the order in which it was set. Priorities have at most 27 bits.
--
-- Stamps are below 2^26 (67 million). A pass gives the entries the stamps 1, 2, 3 … within their priority, and takes its amount from
-- all priorities. An access whose priority is below that of `passed` takes its stamp from the second counter, and any other access
-- from the first one. All priorities that a policy reads or writes are without the amount.
local STAMP_LIMIT = 67108864
local PRIORITY_LIMIT = 2 * STAMP_LIMIT - 1
local PASS_BEGINS = STAMP_LIMIT / 4 * 3
local LOW_BEGINS = STAMP_LIMIT / 2

local function raw_priority_of(score)
  return math.floor(score / STAMP_LIMIT)
end

-- The priority of an entry with this score.
local function priority_of(score)
  return raw_priority_of(score) - (is_ahead(score) and pass.amount or 0)
end

-- The stamps that this script has taken: the last one of each counter, and how many.
local last, last_low, taken

-- The score of the entry that gets the i-th stamp of those that were taken, with this priority.
local function stamped(priority, i)
  local stamp = last - taken + i
  if pass and priority + pass.amount < raw_priority_of(pass.passed) then
    stamp = last_low - taken + i
  elseif pass then
    priority = priority + pass.amount
  end
  return math.min(priority, PRIORITY_LIMIT) * STAMP_LIMIT + stamp
end

-- The priority of an entry without the amount of the pass, from a score with it.
local function lowered(score)
  return math.max(0, raw_priority_of(score) - pass.amount)
end

-- The score of the next entry that is passed.
local function restamped(score)
  local priority = lowered(score)
  pass.rank = priority == lowered(pass.passed) and pass.rank + 1 or 1
  pass.passed = score
  return priority * STAMP_LIMIT + math.min(pass.rank, LOW_BEGINS - 1)
end

-- Takes `count` stamps for the accesses of this script. If a pass begins, `amount_to_lower` tells its amount; without that function it
-- is 0. If the counter was lost, a whole pass is done at once.
local function take_stamps(count, amount_to_lower)
  last, taken = redis.call('HINCRBY', state, 'stamp', count), count
  local is_lost = last == count and size() > 0
  if is_lost then
    last = STAMP_LIMIT
  elseif last < PASS_BEGINS then
    pass = false
    return
  end
  if is_lost or not read_pass() then
    begin_pass(LOW_BEGINS, amount_to_lower and amount_to_lower(is_lost) or 0)
  end
  last, last_low = go_on('stamp', last, count, STAMP_LIMIT, restamped)
  if is_lost then
    live_with_index(state)
  end
end
