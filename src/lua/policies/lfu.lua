-- Least frequently used: a hit adds one to an entry's count. The entry with the lowest count is evicted first, and among
-- equal counts the least recently used. A count begins at 1, ends with its entry, and does not fall with time. It is counted up to
-- 2^27 - 1 (134 million).
-- Invariant: score = count * 2^26 + stamp, and within a count the stamps rise in the order of the last access. A pass that gives new
-- stamps may be under way.
-- uses: sorted-index own-keys update passes stamps
local function touch(hashes)
  if size() == 0 then
    return -- HINCRBY would create a key that never expires
  end
  take_stamps(#hashes) -- before reading scores: it may change some of them
  update(hashes, function(score, i)
    return stamped(priority_of(score) + 1, i)
  end)
end

local function insert(hashes)
  take_stamps(#hashes)
  redis.call('ZADD', index, unpack(in_order(stamped(1, #hashes), hashes)))
end

local function evict(count)
  return pop_oldest(count)
end
