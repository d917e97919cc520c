-- Scores of entries that have a priority: priority * 2^26 + stamp. A stamp is the number of the access that set the priority, so
-- that within a priority the stamps rise in the order in which it was set. Priorities have at most 27 bits.
--
-- Stamps are below 2^26 (67 million). When three quarters of them are used, a pass begins that gives the entries new stamps, with
-- each access a few: from the lowest score upwards, they get 1, 2, 3 … within their priority. `passed` is the score up to which that
-- is done. An access whose priority is below that of `passed` takes its stamp from a second counter, `low`, and any other access
-- from the first one; so the order is right at any time. When the pass has come to the end, the second counter replaces the first.
--
-- A pass may also subtract an amount from all priorities, `lowered`: entries up to `passed` have it no more, and those above still
-- have it. All priorities that a policy names or is told are without it.
local state = structure(1)
local STAMP_LIMIT = 67108864
local PRIORITY_LIMIT = 2 * STAMP_LIMIT - 1
local PASS_BEGINS = STAMP_LIMIT / 4 * 3
local LOW_BEGINS = STAMP_LIMIT / 2

-- How many entries a pass moves with each access: so it comes to the end of 33 million entries before the stamps are used up.
local MOVES = 2

local function raw_priority_of(score)
  return math.floor(score / STAMP_LIMIT)
end

-- The pass that is under way, or false. Read once.
local pass
local function read_pass()
  if pass == nil then
    local low, passed, rank, lowered = unpack(redis.call('HMGET', state, 'low', 'passed', 'rank', 'lowered'))
    low, passed, rank, lowered = tonumber(low), tonumber(passed), tonumber(rank), tonumber(lowered)
    pass = low and passed and rank and lowered and { low = low, passed = passed, rank = rank, lowered = lowered } or false
  end
  return pass
end

-- The priority of an entry with this score.
local function priority_of(score)
  local under_way = read_pass()
  return raw_priority_of(score) - (under_way and score > under_way.passed and under_way.lowered or 0)
end

-- The stamps that this script has taken: the last one of each counter, and how many.
local last, last_low, taken

-- The score of the entry that gets the i-th stamp of those that were taken, with this priority.
local function stamped(priority, i)
  local stamp = last - taken + i
  if pass and priority + pass.lowered < raw_priority_of(pass.passed) then
    stamp = last_low - taken + i
  elseif pass then
    priority = priority + pass.lowered
  end
  return math.min(priority, PRIORITY_LIMIT) * STAMP_LIMIT + stamp
end

-- The scores of the next entries of a pass, from their old scores.
local function restamper()
  local present = math.max(0, raw_priority_of(pass.passed) - pass.lowered)
  return function(score)
    local priority = math.max(0, raw_priority_of(score) - pass.lowered)
    pass.rank = priority == present and pass.rank + 1 or 1
    pass.passed, present = score, priority
    return priority * STAMP_LIMIT + math.min(pass.rank, LOW_BEGINS - 1)
  end
end

-- Moves the next `count` entries of the pass. Returns whether there may be more.
local function move(count)
  local found = redis.call('ZRANGEBYSCORE', index, '(' .. digits(pass.passed), '+inf', 'WITHSCORES', 'LIMIT', 0, count)
  local restamp, scores = restamper(), {}
  for i = 1, #found, 2 do
    scores[i], scores[i + 1] = digits(restamp(tonumber(found[i + 1]))), found[i]
  end
  if #found > 0 then
    redis.call('ZADD', index, unpack(scores))
  end
  return #found == 2 * count
end

-- Moves as many entries as the accesses of this script ask for; the rest of them if the stamps are used up.
local function go_on()
  pass.low = pass.low + taken
  last_low = pass.low
  local is_under_way = move(math.min(MOVES * taken, CHUNK))
  while is_under_way and last >= STAMP_LIMIT do
    is_under_way = move(CHUNK)
  end
  if is_under_way then
    local passed, rank, lowered = digits(pass.passed), digits(pass.rank), digits(pass.lowered)
    redis.call('HSET', state, 'low', digits(last_low), 'passed', passed, 'rank', rank, 'lowered', lowered)
  else
    last, pass = last_low, false
    redis.call('HSET', state, 'stamp', digits(last))
    redis.call('HDEL', state, 'low', 'passed', 'rank', 'lowered')
  end
end

-- Takes `count` stamps for the accesses of this script. If a pass begins, `amount_to_lower` tells what it subtracts from all
-- priorities. If the counter was lost, a whole pass is done at once.
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
    pass = { low = LOW_BEGINS, passed = 0, rank = 0, lowered = amount_to_lower(is_lost) }
  end
  go_on()
  if is_lost then
    live_with_index(state)
  end
end
