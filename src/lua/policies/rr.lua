-- Random replacement: each entry is evicted with the same probability, and a hit changes nothing.
-- Invariant: all scores are 0, so an entry's rank does not depend on its age.
--
-- Not a set: SPOP and SRANDMEMBER of Redis choose some members more often than others, depending on their neighbours in
-- the hash table. A random rank in a sorted set gives every entry the same probability.
-- uses: sorted-index
local function touch() end

local function insert(hashes)
  local scores = {}
  for i = 1, #hashes do
    scores[2 * i - 1], scores[2 * i] = '0', hashes[i]
  end
  redis.call('ZADD', index, unpack(scores))
end

local is_seeded = false
local function draw(number)
  if not is_seeded then
    -- Servers seed the generator alike for every script. The time itself is no good seed: the first number drawn rises with
    -- it in equal steps, and calls at equal intervals would draw the same few ranks.
    math.randomseed(tonumber(redis.sha1hex(digits(now_us())):sub(1, 7), 16))
    is_seeded = true
  end
  return math.random(number)
end

local function evict(count)
  local victims = {}
  for left = size(), math.max(1, size() - count + 1), -1 do
    local rank = digits(draw(left) - 1)
    local victim = redis.call('ZRANGE', index, rank, rank)[1]
    redis.call('ZREM', index, victim)
    victims[#victims + 1] = victim
  end
  return victims
end
