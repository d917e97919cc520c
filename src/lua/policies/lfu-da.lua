-- LFU with dynamic aging: the entry with the lowest priority is evicted first, and among equal ones that whose priority was set
-- longest ago. A read sets the priority of an entry to the count of its accesses, plus the age of the cache. The age is the
-- priority of the last victim. So what was popular once and is not read any more falls behind. (Arlitt et al., 2000.)
-- Invariant: score = priority * 2^26 + stamp, and within a priority the stamps rise in the order in which it was set. No priority
-- is below the age. A count is kept only if it is above 1.
--
-- After 2^26 (67 million) accesses there are no more stamps. Then the age is taken from all priorities, and the entries of each get
-- new stamps from 1, in their order; this takes a few milliseconds for a thousand entries. Priorities have at most 27 bits.
-- uses: sorted-index own-keys
local state, counts = structure(1), structure(2)
local STAMP_LIMIT = 67108864
local PRIORITY_LIMIT = 2 * STAMP_LIMIT - 1

local function priority_of(score)
  return math.floor(score / STAMP_LIMIT)
end

-- Takes the age from all priorities. Returns the last stamp in use.
local function restamp(age)
  local present, stamp, last = -1, 0, 0
  rescore(function(_, score)
    local priority = math.min(math.max(priority_of(score) - age, 0), STAMP_LIMIT - 1)
    stamp = priority == present and stamp + 1 or 1
    present = priority
    last = math.max(last, stamp)
    return priority * STAMP_LIMIT + stamp
  end)
  return last
end

-- The last of `count` new stamps, and the age. If there are no more stamps, or the state was lost, the entries get new ones first.
local function next_stamp(count)
  local last = redis.call('HINCRBY', state, 'stamp', count)
  local age = tonumber(redis.call('HGET', state, 'age') or 0)
  local lost = last == count and size() > 0
  if lost or last >= STAMP_LIMIT then
    if lost then
      local lowest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
      age = math.max(0, priority_of(tonumber(lowest[2])) - 1)
    end
    last = restamp(age) + count
    age = 0
    redis.call('HSET', state, 'stamp', digits(last), 'age', 0)
    live_with_index(state)
  end
  return last, age
end

local function score_of(priority, stamp)
  return math.min(priority, PRIORITY_LIMIT) * STAMP_LIMIT + stamp
end

local function touch(hashes)
  if size() == 0 then
    return -- HINCRBY would create a key that never expires
  end
  local last, age = next_stamp(#hashes)
  local before = last - #hashes
  local present, stored = redis.call('ZMSCORE', index, unpack(hashes)), redis.call('HMGET', counts, unpack(hashes))
  local known, scores, counted = {}, {}, {}
  for i = 1, #hashes do
    local hash = hashes[i]
    if present[i] then
      local count = (known[hash] or tonumber(stored[i] or 1)) + 1
      known[hash] = count
      scores[#scores + 1], scores[#scores + 2] = digits(score_of(age + count, before + i)), hash
      counted[#counted + 1], counted[#counted + 2] = hash, digits(count)
    end
  end
  if #scores > 0 then
    redis.call('ZADD', index, 'XX', unpack(scores))
    redis.call('HSET', counts, unpack(counted))
    live_with_index(counts)
  end
end

local function insert(hashes)
  local last, age = next_stamp(#hashes)
  redis.call('ZADD', index, unpack(in_order(score_of(age + 1, last), hashes)))
end

local function evict(count)
  local victims, score = pop('ZPOPMIN', count)
  if #victims > 0 then
    redis.call('HSET', state, 'age', digits(priority_of(score)))
    redis.call('HDEL', counts, unpack(victims))
  end
  return victims
end

local function remove(hashes)
  redis.call('ZREM', index, unpack(hashes))
  redis.call('HDEL', counts, unpack(hashes))
end
