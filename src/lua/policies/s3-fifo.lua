-- S3-FIFO: three queues. New entries enter the small one. What was read twice there goes on to the main queue, the rest is
-- evicted, and its name remembered in the ghost queue: if it comes back, it enters the main queue at once. An entry that was
-- read in the main queue starts there once more instead of being evicted. (Yang et al., SOSP 2023.)
-- Invariant: score = 4 * sequence + counter, and 2^52 more in the main queue. Within a queue, sequence numbers are distinct and
-- rise in the order in which entries came into it. The counter is the number of reads since then, at most 3. The ghost queue has
-- no name of an entry that is there, and at most nine names for ten entries, and one.
--
-- The small queue is to have a tenth of the entries, and at least one. A read of an entry whose counter is 3 writes nothing.
-- uses: sorted-index update
local ghost, walk = structure(1), structure(2)

-- The score at which the main queue begins.
local MAIN = 4503599627370496

-- How many entries of a queue are read first: mostly one of them is the victim.
local FIRST_READ = 8

-- How many entries one script moves before it evicts. More of them in a row are moved by scripts that do nothing else.
local PIECE = 50

-- Walks through a queue from its oldest entry on. `before_read` is called before more entries are read.
local function reader(in_main, before_read)
  local last = in_main and digits(MAIN) or '0'
  local stop = in_main and '+inf' or '(' .. digits(MAIN)
  local found, at, limit, is_first = {}, 1, FIRST_READ, true
  return function()
    if at > #found and (is_first or #found > 0) then
      before_read()
      found = redis.call('ZRANGE', index, is_first and last or '(' .. last, stop, 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
      at, limit, is_first = 1, math.min(8 * limit, CHUNK), false
      last = found[#found]
    end
    at = at + 2
    return found[at - 2], tonumber(found[at - 1])
  end
end

local function small_size()
  return redis.call('ZCOUNT', index, '-inf', '(' .. digits(MAIN))
end

-- Gives the entries of both queues new numbers from 1, in their order.
local function renumber()
  local small = small_size()
  rescore(function(rank, score)
    return (rank > small and MAIN + 4 * (rank - small) or 4 * rank) + score % 4
  end)
end

-- The highest score of a queue without its counter. If fewer than `count` numbers are left above it, all are given anew first.
local function last_of(in_main, count)
  local first, stop = in_main and digits(MAIN) or '-inf', in_main and '+inf' or '(' .. digits(MAIN)
  local function read()
    local last = redis.call('ZRANGE', index, stop, first, 'BYSCORE', 'REV', 'LIMIT', 0, 1, 'WITHSCORES')
    local score = tonumber(last[2] or (in_main and MAIN or 0))
    return score - score % 4
  end
  local last = read()
  if last + 4 * count + 3 < (in_main and SCORE_LIMIT or MAIN) then
    return last
  end
  renumber()
  return read()
end

local function touch(hashes)
  update(hashes, function(score)
    return score % 4 < 3 and score + 1 or nil
  end)
end

-- Adds entries at the newest end of a queue.
local function enqueue(in_main, hashes)
  if #hashes > 0 then
    redis.call('ZADD', index, unpack(in_order(last_of(in_main, #hashes) + 4 * #hashes, hashes, 4)))
  end
end

local function insert(hashes)
  local known, back, new = redis.call('ZMSCORE', ghost, unpack(hashes)), {}, {}
  for i = 1, #hashes do
    local list = known[i] and back or new
    list[#list + 1] = hashes[i]
  end
  if #back > 0 then
    redis.call('ZREM', ghost, unpack(back))
  end
  enqueue(true, back)
  enqueue(false, new)
end

-- Whether the next victim is to be found in the small queue, of `entries` in both.
local function is_in_small(entries, small, is_walking)
  return small > 0 and (is_walking or small >= math.floor(entries / 10))
end

-- Whether an earlier script has moved entries of the small queue and not come to the victim.
local function was_walking()
  return redis.call('EXISTS', walk) == 1
end

-- The score with which an entry that is not evicted goes on in the main queue, after `last`; nil if it is evicted.
local function moved_score(score, in_main, last)
  local counter = score % 4
  if in_main then
    return counter > 0 and last + 4 + counter - 1 or nil
  end
  return counter > 1 and last + 4 or nil
end

-- Remembers the names of victims of the small queue; `limit` for the ghost queue, without the last victim.
local function remember(names, limit)
  if #names > 0 then
    local newest = redis.call('ZRANGE', ghost, -1, -1, 'WITHSCORES')
    redis.call('ZADD', ghost, unpack(in_order(tonumber(newest[2] or 0) + #names, names)))
  end
  local over = redis.call('ZCARD', ghost) - limit
  if over > 0 then
    redis.call('ZREMRANGEBYRANK', ghost, 0, over - 1)
  end
end

local function evict(count)
  local entries, small, is_walking = size(), small_size(), was_walking()
  if entries == 0 then
    return {} -- the names that the ghost queue may keep are counted by the last victim
  end
  if is_walking then
    redis.call('UNLINK', walk)
  end
  local last = last_of(true, 4 * entries)
  local victims, names, limit = {}, {}, 0
  local moved, evicted = {}, {}
  local function write()
    if #moved > 0 then
      redis.call('ZADD', index, unpack(moved))
    end
    if #evicted > 0 then
      redis.call('ZREM', index, unpack(evicted))
    end
    moved, evicted = {}, {}
  end
  local next_of = { [true] = reader(true, write), [false] = reader(false, write) }
  while #victims < count and entries > 0 do
    local in_main = not is_in_small(entries, small, is_walking)
    local next_entry, victim = next_of[in_main], nil
    is_walking = false
    while not victim and (in_main or small > 0) do
      local hash, score = next_entry()
      local moved_to = moved_score(score, in_main, last)
      small = small - (in_main and 0 or 1)
      if moved_to then
        last = last + 4
        moved[#moved + 1] = digits(moved_to)
        moved[#moved + 1] = hash
      else
        victim = hash
      end
    end
    if victim then
      limit = math.floor(9 * entries / 10) + (in_main and 0 or 1)
      entries = entries - 1
      victims[#victims + 1], evicted[#evicted + 1] = victim, victim
      names[#names + 1] = not in_main and victim or nil
    end
  end
  write()
  remember(names, limit)
  return victims
end

-- Whether `evict` finds so many victims without moving a whole piece of entries. If not, those before the first victim are moved,
-- a piece of them at most.
local function prepare_eviction(count)
  local entries, small = size(), small_size()
  local in_main = not is_in_small(entries, small, was_walking())
  local last = last_of(true, PIECE)
  local moved, moves, victims = {}, 0, 0
  local function nothing_to_write() end
  local next_entry = reader(in_main, nothing_to_write)
  repeat
    local hash, score = next_entry()
    if not hash and not in_main then
      in_main = true -- the whole small queue would go on
      next_entry = reader(in_main, nothing_to_write)
      hash, score = next_entry()
    end
    if not hash then
      return true
    end
    local moved_to = moved_score(score, in_main, last)
    if not moved_to then
      victims = victims + 1
    else
      moves = moves + 1
      if victims == 0 then
        last = last + 4
        moved[#moved + 1] = digits(moved_to)
        moved[#moved + 1] = hash
      end
    end
  until victims == count or moves == PIECE
  if victims == count then
    return true
  end
  if #moved > 0 then
    redis.call('ZADD', index, unpack(moved))
    if not in_main then
      redis.call('SET', walk, '1', 'KEEPTTL')
    end
  end
  return false
end
