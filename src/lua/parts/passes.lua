-- For policies whose scores contain the number of an access. These numbers have a limit. When three quarters of them are used, a pass
-- begins that gives all entries lower ones, with each access a few: from the lowest score upwards. `passed` is the score up to which
-- that is done, and `rank` counts what was passed. What is above still has an `amount` in its score that a pass takes away. `low` is a
-- second counter, for what is passed; when the pass has come to the end, it replaces the first one. So the order is right at any time.
local state = structure(1)

-- How many entries a pass moves with each access: so it comes to the end before the numbers are used up, of 33 million entries if
-- there are as many as stamps.
local MOVES = 2

-- The pass that is under way, or false. Read once.
local pass
local function read_pass()
  if pass == nil then
    local low, passed, rank, amount = unpack(redis.call('HMGET', state, 'low', 'passed', 'rank', 'amount'))
    low, passed, rank, amount = tonumber(low), tonumber(passed), tonumber(rank), tonumber(amount)
    pass = low and passed and rank and amount and { low = low, passed = passed, rank = rank, amount = amount } or false
  end
  return pass
end

local function begin_pass(low, amount)
  pass = { low = low, passed = 0, rank = 0, amount = amount }
end

-- Whether a pass has still to come to the entry with this score.
local function is_ahead(score)
  return read_pass() and score > pass.passed
end

-- Moves the next `count` entries of the pass. Returns whether there may be more.
local function move(count, new_score)
  local found = redis.call('ZRANGEBYSCORE', index, '(' .. digits(pass.passed), '+inf', 'WITHSCORES', 'LIMIT', 0, count)
  local scores = {}
  for i = 1, #found, 2 do
    scores[i], scores[i + 1] = digits(new_score(tonumber(found[i + 1]))), found[i]
  end
  if #found > 0 then
    redis.call('ZADD', index, unpack(scores))
  end
  return #found == 2 * count
end

-- Goes on with the pass, as far as `count` accesses ask for; to its end if the numbers are used up. `last` is the number of the last
-- of these accesses in the field `counter`. `new_score` makes the score of an entry that is passed from its old one; it has to rise,
-- and to set `passed` and `rank`. Returns the last number, and that of the second counter.
local function go_on(counter, last, count, limit, new_score)
  pass.low = pass.low + count
  local low = pass.low
  local is_under_way = move(math.min(MOVES * count, CHUNK), new_score)
  while is_under_way and last >= limit do
    is_under_way = move(CHUNK, new_score)
  end
  if is_under_way then
    local passed, rank, amount = digits(pass.passed), digits(pass.rank), digits(pass.amount)
    redis.call('HSET', state, 'low', digits(low), 'passed', passed, 'rank', rank, 'amount', amount)
  else
    last, pass = low, false
    redis.call('HSET', state, counter, digits(last))
    redis.call('HDEL', state, 'low', 'passed', 'rank', 'amount')
  end
  return last, low
end
