-- LFU with dynamic aging: the entry with the lowest priority is evicted first, and among equal ones that whose priority was set
-- longest ago. A read sets the priority of an entry to the count of its accesses, plus the age of the cache. The age is the
-- priority of the last victim. So what was popular once and is not read any more falls behind. (Arlitt et al., 2000.)
-- Invariant: score = priority * 2^26 + stamp, and within a priority the stamps rise in the order in which it was set. No priority
-- is below the age. A count is kept only if it is above 1. A pass that gives new stamps, and takes the age from all priorities, may
-- be under way.
-- uses: sorted-index own-keys passes stamps
local counts = structure(2)

-- Read once.
local age
local function read_age()
  age = age or tonumber(redis.call('HGET', state, 'age')) or 0
  return age
end

local function set_age(to)
  age = to
  redis.call('HSET', state, 'age', digits(age))
end

-- A pass takes the age from all priorities. If it was lost, it is taken to be below the lowest of them.
local function age_to_lower(is_lost)
  local amount = read_age()
  if is_lost then
    local lowest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')
    amount = math.max(0, raw_priority_of(tonumber(lowest[2])) - 1)
  end
  set_age(0)
  return amount
end

local function touch(hashes)
  if size() == 0 then
    return -- HINCRBY would create a key that never expires
  end
  take_stamps(#hashes, age_to_lower)
  local present, stored = redis.call('ZMSCORE', index, unpack(hashes)), redis.call('HMGET', counts, unpack(hashes))
  local known, scores, counted = {}, {}, {}
  for i = 1, #hashes do
    local hash = hashes[i]
    if present[i] then
      local count = (known[hash] or tonumber(stored[i] or 1)) + 1
      known[hash] = count
      scores[#scores + 1], scores[#scores + 2] = digits(stamped(read_age() + count, i)), hash
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
  take_stamps(#hashes, age_to_lower)
  redis.call('ZADD', index, unpack(in_order(stamped(read_age() + 1, #hashes), hashes)))
end

local function evict(count)
  local victims, score = pop('ZPOPMIN', count)
  if #victims > 0 then
    set_age(priority_of(score))
    redis.call('HDEL', counts, unpack(victims))
  end
  return victims
end

local function remove(hashes)
  redis.call('ZREM', index, unpack(hashes))
  redis.call('HDEL', counts, unpack(hashes))
end
