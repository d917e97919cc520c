-- Least frequently used: a hit adds one to an entry's count. The entry with the lowest count is evicted first, and among
-- equal counts the least recently used. A count begins at 1, ends with its entry, and does not fall with time.
-- Invariant: score = count * 2^26 + stamp, and within a count the stamps rise in the order of the last access.
--
-- After 2^26 (67 million) accesses there are no more stamps. Then the entries of each count get new stamps from 1, in
-- their order; this takes a few milliseconds for a thousand entries. If a count is above 2^26 by then, all counts are
-- halved, rounded up: the order stays the same.
-- uses: sorted-index own-keys update
local stamps = structure(1)
local STAMP_LIMIT = 67108864

local function count_of(score)
  return math.floor(score / STAMP_LIMIT)
end

-- Returns the last stamp in use.
local function restamp()
  local top = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
  local divisor = count_of(tonumber(top[2] or '0')) >= STAMP_LIMIT and 2 or 1
  local present, stamp, last = 0, 0, 0
  rescore(function(_, score)
    local count = math.ceil(count_of(score) / divisor)
    stamp = count == present and stamp + 1 or 1
    present = count
    last = math.max(last, stamp)
    return count * STAMP_LIMIT + stamp
  end)
  return last
end

-- The last of `count` new stamps. If there are no more, or the counter was lost, the entries get new stamps first.
local function next_stamp(count)
  local last = redis.call('INCRBY', stamps, count)
  local lost = last == count and size() > 0
  if lost or last >= STAMP_LIMIT then
    last = restamp() + count
    redis.call('SET', stamps, digits(last))
    live_with_index(stamps)
  end
  return last
end

local function touch(hashes)
  if size() == 0 then
    return -- INCRBY would create a key that never expires
  end
  local before = next_stamp(#hashes) - #hashes -- before reading scores: it may change all of them
  update(hashes, function(score, i)
    return (count_of(score) + 1) * STAMP_LIMIT + before + i
  end)
end

local function insert(hashes)
  redis.call('ZADD', index, unpack(in_order(STAMP_LIMIT + next_stamp(#hashes), hashes)))
end

local function evict(count)
  return pop('ZPOPMIN', count)
end
