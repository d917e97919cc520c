-- Hyperbolic caching: of 64 entries that are drawn by lot, the one with the fewest accesses for its age is evicted. The age of an
-- entry is the number of accesses to the whole cache since it was stored. (Blankstein, Sen, Freedman, USENIX ATC 2017.)
-- Invariant: score = birth * 2^20 + accesses. A birth is the number of the access that stored the entry; births are distinct.
-- Accesses of an entry are counted up to 2^20 - 1.
--
-- Births are below 2^32. When three quarters of them are used, a pass begins that subtracts an amount from all births, with each
-- access from a few: from the lowest score upwards. `passed` is the score up to which that is done; entries above it, and new ones,
-- still have the amount in their births. So ages are right at any time, up to 2^31; higher ones count as 2^31. When the pass has come
-- to the end, the amount is taken from the clock too.
-- Lots come from the SHA-1 of the clock and of the number of entries, so that the order in process draws the same ones.
-- uses: sorted-index own-keys update
local state = structure(1)
local SAMPLE = 64
local COUNT_LIMIT = 1048576
local CLOCK_LIMIT = 4294967296
local PASS_BEGINS = CLOCK_LIMIT / 4 * 3

-- How many entries a pass moves with each access: so it comes to the end before the births are used up.
local MOVES = 2

local function raw_birth_of(score)
  return math.floor(score / COUNT_LIMIT)
end

-- The pass that is under way, or false. Read once.
local pass
local function read_pass()
  if pass == nil then
    local amount, passed, rank = unpack(redis.call('HMGET', state, 'amount', 'passed', 'rank'))
    amount, passed, rank = tonumber(amount), tonumber(passed), tonumber(rank)
    pass = amount and passed and rank and { amount = amount, passed = passed, rank = rank } or false
  end
  return pass
end

-- The birth of an entry, with the amount of a pass in it.
local function birth_of(score)
  local under_way = read_pass()
  return raw_birth_of(score) + (under_way and score <= under_way.passed and under_way.amount or 0)
end

-- Moves the next `count` entries of the pass. Births stay distinct: the n-th entry gets at least n. Returns whether there may be more.
local function move(count)
  local found = redis.call('ZRANGEBYSCORE', index, '(' .. digits(pass.passed), '+inf', 'WITHSCORES', 'LIMIT', 0, count)
  local scores = {}
  for i = 1, #found, 2 do
    local score = tonumber(found[i + 1])
    local with_amount = raw_birth_of(score)
    -- Up to the end of this birth: an entry whose birth stays the same is still passed when it is read.
    pass.rank, pass.passed = pass.rank + 1, (with_amount + 1) * COUNT_LIMIT - 1
    local birth = math.max(with_amount - pass.amount, pass.rank)
    scores[i], scores[i + 1] = digits(birth * COUNT_LIMIT + score % COUNT_LIMIT), found[i]
  end
  if #found > 0 then
    redis.call('ZADD', index, unpack(scores))
  end
  return #found == 2 * count
end

-- Moves as many entries as so many accesses ask for; the rest of them if the births are used up. Returns the time.
local function go_on(now, count)
  pass = read_pass() or { amount = now - CLOCK_LIMIT / 2, passed = 0, rank = 0 }
  local is_under_way = move(math.min(MOVES * count, CHUNK))
  while is_under_way and now >= CLOCK_LIMIT do
    is_under_way = move(CHUNK)
  end
  if is_under_way then
    local amount, passed, rank = digits(pass.amount), digits(pass.passed), digits(pass.rank)
    redis.call('HSET', state, 'amount', amount, 'passed', passed, 'rank', rank)
  else
    now, pass = now - pass.amount, false
    redis.call('HSET', state, 'clock', digits(now))
    redis.call('HDEL', state, 'amount', 'passed', 'rank')
  end
  return now
end

-- The number of the last of `count` accesses. A clock that was lost begins at the last birth.
local function tick(count)
  local now = redis.call('HINCRBY', state, 'clock', count)
  if now == count and size() > 0 then
    now = raw_birth_of(highest()) + count
    redis.call('HSET', state, 'clock', digits(now))
    live_with_index(state)
  end
  return now < PASS_BEGINS and now or go_on(now, count)
end

local function touch(hashes)
  if size() == 0 then
    return -- HINCRBY would create a key that never expires
  end
  tick(#hashes)
  update(hashes, function(score)
    return score % COUNT_LIMIT < COUNT_LIMIT - 1 and score + 1 or nil
  end)
end

local function insert(hashes)
  redis.call('ZADD', index, unpack(in_order(tick(#hashes) * COUNT_LIMIT + 1, hashes, COUNT_LIMIT)))
end

-- Some of `entries` entries with their scores: all, if there are no more than are drawn.
local function sample(now, entries)
  if entries <= SAMPLE then
    return redis.call('ZRANGE', index, 0, -1, 'WITHSCORES')
  end
  local seed = tonumber(redis.sha1hex(digits(now) .. ':' .. digits(entries)):sub(1, 7), 16) + 1
  local drawn = {}
  for i = 1, 2 * SAMPLE, 2 do
    seed = seed * 48271 % 2147483647 -- Lehmer's generator
    local rank = digits(math.floor(seed / 2147483647 * entries))
    local found = redis.call('ZRANGE', index, rank, rank, 'WITHSCORES')
    drawn[i], drawn[i + 1] = found[1], found[2]
  end
  return drawn
end

local function evict(count)
  local victims, entries = {}, size()
  local now = tonumber(redis.call('HGET', state, 'clock')) or raw_birth_of(highest())
  while #victims < count and entries > 0 do
    local drawn, victim, least = sample(now, entries), nil, nil
    for i = 1, #drawn, 2 do
      local score = tonumber(drawn[i + 1])
      local priority = score % COUNT_LIMIT / (now + 1 - birth_of(score))
      if not least or priority < least then
        victim, least = drawn[i], priority
      end
    end
    redis.call('ZREM', index, victim)
    victims[#victims + 1] = victim
    entries = entries - 1
  end
  return victims
end

-- Where lots are drawn, each victim takes a third of a millisecond in a cache of a million entries.
local function most_victims()
  return size() > SAMPLE and 4 or nil
end
