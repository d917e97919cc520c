-- Hyperbolic caching: of 64 entries drawn at random, the one with the fewest accesses for its age is evicted. The age of an
-- entry is the number of accesses to the whole cache since it was stored. (Blankstein, Sen, Freedman, USENIX ATC 2017.)
-- Invariant: score = birth * 2^20 + accesses. A birth is the number of the access that stored the entry; births are distinct.
-- Accesses of an entry are counted up to 2^20 - 1.
--
-- Births are below 2^32. A pass subtracts its amount from the births of all entries, and at its end from the clock; new entries have
-- it in their births until then. So ages are right at any time, up to 2^31; higher ones count as 2^31.
-- Lots come from the SHA-1 of the clock and of the number of entries, so that the order in process draws the same ones.
-- uses: sorted-index own-keys update passes
local SAMPLE = 64
local COUNT_LIMIT = 1048576
local CLOCK_LIMIT = 4294967296
local PASS_BEGINS = CLOCK_LIMIT / 4 * 3

local function raw_birth_of(score)
  return math.floor(score / COUNT_LIMIT)
end

-- The birth of an entry, with the amount of a pass in it.
local function birth_of(score)
  return raw_birth_of(score) + (read_pass() and not is_ahead(score) and pass.amount or 0)
end

-- The score of the next entry that is passed. Births stay distinct: the n-th entry gets at least n.
local function moved(score)
  local birth = raw_birth_of(score)
  -- Up to the end of this birth: an entry whose birth stays the same is still passed when it is read.
  pass.rank, pass.passed = pass.rank + 1, (birth + 1) * COUNT_LIMIT - 1
  return math.max(birth - pass.amount, pass.rank) * COUNT_LIMIT + score % COUNT_LIMIT
end

-- The number of the last of `count` accesses. A clock that was lost begins at the last birth.
local function tick(count)
  local now = redis.call('HINCRBY', state, 'clock', count)
  if now == count and size() > 0 then
    now = raw_birth_of(highest()) + count
    redis.call('HSET', state, 'clock', digits(now))
    live_with_index(state)
  end
  if now < PASS_BEGINS then
    return now
  end
  if not read_pass() then
    begin_pass(CLOCK_LIMIT / 2, now - count - CLOCK_LIMIT / 2)
  end
  return (go_on('clock', now, count, CLOCK_LIMIT, moved))
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

-- Where entries are drawn, each victim takes a third of a millisecond in a cache of a million entries.
local function most_victims()
  return size() > SAMPLE and 4 or nil
end
