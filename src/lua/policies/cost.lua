-- What costs most to lose stays: GreedyDual-Size-Frequency. The priority of an entry is L + frequency * cost, or that cost divided
-- by the size of the entry, and the lowest is evicted first; L is the priority of the last victim, so that what is not used any more falls behind. The frequency
-- begins at 1 and ends with the entry, and a priority is set anew at each access. Among equals, the one set longest ago goes first.
-- Invariant: no priority is below L, and the index orders entries by priority, then by when it was set.
--
-- A score is a double, which has 53 significant bits. The upper BITS of them are the priority, rounded down: its level. The lower
-- ones number the entries of one level in the order in which they came. When the numbers of a level run short, its entries move
-- down to numbers that are free.
--
-- L only grows. When it is so large that L + weight would keep less than 8 bits of the weight, a common amount is subtracted from
-- all scores: from the lowest score upwards, a few with each priority that is set. `lowered_to` is the score up to which that is
-- done. Scores from there on still have the amount in them, so the order is right at any time. The amount is a multiple of the
-- unit of the highest level (of one that is HEADROOM doublings above it, since higher ones may come meanwhile): the subtraction is
-- exact.
-- uses: sorted-index own-keys
local weights, state = structure(1), structure(2)
local BITS = 28
local NUMBERS = 2 ^ (53 - BITS)
local LARGEST_RATIO = 2 ^ (BITS - 8)
local FEW = 8
local HEADROOM = 3
-- A weight of 0 would make a score of 0, which has no lower bits. No sum of weights overflows.
local LEAST_WEIGHT, LARGEST_WEIGHT = 2 ^ -100, 2 ^ 200

local function text(number)
  return string.format('%.17g', number)
end

-- The level of a score or priority, and the step from one number of that level to the next.
local function level_of(score)
  local mantissa, exponent = math.frexp(score)
  local level = math.ldexp(math.floor(math.ldexp(mantissa, BITS)), exponent - BITS)
  return level, math.ldexp(1, exponent - 53)
end

-- L, the amount that is being subtracted (0: none), and up to which score that is done. Read once. If it was lost, L is the lowest
-- priority: all others are higher, and so is every new one.
local base, amount, lowered_to
local function read_state()
  if base then
    return
  end
  local found = redis.call('GET', state) or ''
  local first, second, third = found:match('^(%S+) (%S+) (%S+)$')
  base, amount, lowered_to = tonumber(first), tonumber(second), tonumber(third)
  if not (base and amount and lowered_to) then
    local lowest = redis.call('ZRANGE', index, 0, 0, 'WITHSCORES')[2]
    base, amount, lowered_to = lowest and level_of(tonumber(lowest)) or 0, 0, 0
  end
end

local function write_state()
  redis.call('SET', state, text(base) .. ' ' .. text(amount) .. ' ' .. text(lowered_to), 'KEEPTTL')
end

-- Begins to subtract from all scores what L has more than the weight, if that is exact and worth it.
local function begin_lowering(weight)
  local highest = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')[2]
  if highest then
    local _, highest_exponent = math.frexp(tonumber(highest))
    local _, exponent = math.frexp(weight)
    local unit = 2 ^ math.max(highest_exponent + HEADROOM - BITS, exponent - 1)
    local most = (math.floor(base / unit) - 1) * unit
    if most > base / 2 then
      base, amount, lowered_to = base - most, most, 0
    end
  end
end

-- Subtracts the amount from the next few scores.
local function lower_few()
  local found = redis.call('ZRANGEBYSCORE', index, '(' .. text(lowered_to), '+inf', 'WITHSCORES', 'LIMIT', 0, FEW)
  if #found == 0 then
    amount, lowered_to = 0, 0
    return
  end
  local scores = {}
  for i = 1, #found, 2 do
    lowered_to = tonumber(found[i + 1])
    local level, step = level_of(lowered_to)
    local _, lower_step = level_of(level - amount)
    scores[i], scores[i + 1] = text(level - amount + (lowered_to - level) / step * lower_step), found[i]
  end
  redis.call('ZADD', index, unpack(scores))
end

-- Moves a few entries of a level down to numbers that are free: the next ones after an entry whose number is at most twice its rank
-- in the level. So an entry that is gone again makes no work for all that come after it.
local function compact(level, step)
  local below = redis.call('ZCOUNT', index, '-inf', '(' .. text(level))
  local count = redis.call('ZCOUNT', index, text(level), '(' .. text(level + NUMBERS * step))
  local function number_at(rank)
    return (redis.call('ZRANGE', index, below + rank, below + rank, 'WITHSCORES')[2] - level) / step
  end
  local low, high = 0, count - 1
  if number_at(high) <= 2 * high then
    return
  end
  while low < high do
    local middle = math.floor((low + high) / 2)
    if number_at(middle) > 2 * middle then
      high = middle
    else
      low = middle + 1
    end
  end
  local scores, before = {}, low > 0 and number_at(low - 1) or -1
  for i, hash in ipairs(redis.call('ZRANGE', index, below + low, below + math.min(count, low + FEW) - 1)) do
    scores[2 * i - 1], scores[2 * i] = text(level + (before + i) * step), hash
  end
  redis.call('ZADD', index, unpack(scores))
end

-- Sets the priority of an entry to L + weight, as the last one of its level.
local function set_priority(hash, weight)
  if amount == 0 and weight > LEAST_WEIGHT and base > weight * LARGEST_RATIO then
    begin_lowering(weight)
  end
  local priority, boundary = base + weight, level_of(lowered_to)
  if amount > 0 and level_of(priority + amount) >= boundary then
    priority = priority + amount
  end
  local level, step = level_of(priority)
  local limit = level + NUMBERS * step
  local last =
    redis.call('ZREVRANGEBYSCORE', index, '(' .. text(limit), text(level), 'WITHSCORES', 'LIMIT', 0, 1)[2]
  local is_split = lowered_to >= level and lowered_to < limit
  local number = last and (last - level) / step + 1 or 0
  if is_split then
    number = math.max(number, (lowered_to - level) / step + 1)
  end
  redis.call('ZADD', index, text(level + math.min(number, NUMBERS - 1) * step), hash)
  if number >= NUMBERS / 2 and not is_split then
    compact(level, step)
  end
  if amount > 0 then
    lower_few()
  end
end

local function weight_of(frequency, cost, bytes)
  local weight = frequency * cost / (WEIGHS_SIZE and math.max(1, bytes) or 1)
  return math.min(math.max(weight, LEAST_WEIGHT), LARGEST_WEIGHT)
end

-- Frequency, cost and bytes of an entry, from what is kept of it. If that was lost, they are 1, how long its function took, and
-- what is stored.
local function read_weight(hash, kept)
  local frequency, cost, bytes = (kept or ''):match('^(%S+) (%S+) (%S+)$')
  frequency, cost, bytes = tonumber(frequency), tonumber(cost), tonumber(bytes)
  if frequency and cost and bytes then
    return frequency, cost, bytes
  end
  local stored = redis.call('HGET', values, hash) or ''
  local took = stored:sub(-160):match('\n1 %S+ %S+ %d+ %-?%d+ (%d+)[^\n]*$')
  return 1, math.max(1, tonumber(took or 1)), #stored
end

local function keep(frequency, cost, bytes)
  return digits(frequency) .. ' ' .. text(cost) .. ' ' .. digits(bytes)
end

local function touch(hashes)
  local present, known = redis.call('ZMSCORE', index, unpack(hashes)), redis.call('HMGET', weights, unpack(hashes))
  local kept, fields = {}, {}
  for i = 1, #hashes do
    local hash = hashes[i]
    if present[i] then
      read_state()
      local frequency, cost, bytes = read_weight(hash, kept[hash] or known[i])
      if cost_of(hash) then
        cost, bytes = (cost + cost_of(hash)) / 2, bytes_of(hash)
      end
      kept[hash] = keep(frequency + 1, cost, bytes)
      fields[#fields + 1], fields[#fields + 2] = hash, kept[hash]
      set_priority(hash, weight_of(frequency + 1, cost, bytes))
    end
  end
  if #fields > 0 then
    redis.call('HSET', weights, unpack(fields))
    write_state()
    live_with_index(weights) -- it may have been lost
    live_with_index(state)
  end
end

local function insert(hashes)
  if size() == 0 then
    base, amount, lowered_to = 0, 0, 0
  end
  read_state()
  local fields = {}
  for i = 1, #hashes do
    local cost, bytes = cost_of(hashes[i]), bytes_of(hashes[i])
    fields[2 * i - 1], fields[2 * i] = hashes[i], keep(1, cost, bytes)
    set_priority(hashes[i], weight_of(1, cost, bytes))
  end
  redis.call('HSET', weights, unpack(fields))
  write_state()
end

local function evict(count)
  local victims, score = pop('ZPOPMIN', count)
  if #victims == 0 then
    return victims
  end
  read_state()
  redis.call('HDEL', weights, unpack(victims))
  base = level_of(score) - (score >= level_of(lowered_to) and amount or 0)
  write_state()
  return victims
end

local function remove(hashes)
  redis.call('ZREM', index, unpack(hashes))
  redis.call('HDEL', weights, unpack(hashes))
end
