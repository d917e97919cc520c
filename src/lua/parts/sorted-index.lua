-- An index that is a sorted set: the member is a call hash, the score its position in the order.

-- 2^53: below it, a double holds every whole number exactly.
local SCORE_LIMIT = 9007199254740992

-- The highest score in the index. Read once: nobody else writes while this script runs, and its own writes set it.
local highest_score
local function highest()
  if not highest_score then
    local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
    highest_score = tonumber(last[2] or '0')
  end
  return highest_score
end

-- Gives the entries, in their present order, the scores that `score(rank, old)` computes for ranks 1, 2, 3 …
-- The new scores must rise with the rank and not exceed the old ones: then the order never changes on the way.
local function rescore(score)
  local rank = 0
  repeat
    local members = redis.call('ZRANGE', index, rank, rank + CHUNK - 1, 'WITHSCORES')
    local scores = {}
    for i = 1, #members, 2 do
      rank = rank + 1
      scores[i] = digits(score(rank, tonumber(members[i + 1])))
      scores[i + 1] = members[i]
    end
    if #members > 0 then
      redis.call('ZADD', index, unpack(scores))
    end
  until #members < 2 * CHUNK
  return rank
end

-- The highest score. If fewer than `count` whole numbers are left above it, the entries are numbered again from 1 first.
local function highest_below_limit(count)
  local last = highest()
  if last + count < SCORE_LIMIT then
    return last
  end
  highest_score = rescore(function(rank)
    return rank
  end)
  return highest_score
end

-- Scores that rise by `step` (1 if it is not given) from entry to entry, up to `last`, each before its hash.
local function in_order(last, hashes, step)
  step = step or 1
  local scores, before = {}, last - step * #hashes
  for i = 1, #hashes do
    scores[2 * i - 1], scores[2 * i] = digits(before + step * i), hashes[i]
  end
  return scores
end

-- Adds entries at the newest end, the last one last.
local function append(score, hashes)
  highest_score = score
  redis.call('ZADD', index, unpack(in_order(score, hashes)))
end

-- Moves entries to the newest end, the last one last. XX: an entry that was evicted meanwhile is not added.
local function move_to_end(score, hashes)
  highest_score = score
  redis.call('ZADD', index, 'XX', unpack(in_order(score, hashes)))
end

-- Removes `count` entries from one end of the index (ZPOPMIN or ZPOPMAX). Returns their hashes, and the score of the last one.
local function pop(command, count)
  local popped = redis.call(command, index, count)
  local hashes = {}
  for i = 1, #popped, 2 do
    hashes[#hashes + 1] = popped[i]
  end
  return hashes, tonumber(popped[#popped])
end

local function remove(hashes)
  redis.call('ZREM', index, unpack(hashes))
end

-- Removes `count` entries, at least one, from the oldest end of the index. Returns their hashes. Two commands take less time than
-- ZPOPMIN alone: that prints the score of each with 17 digits.
local function pop_oldest(count)
  local hashes = redis.call('ZRANGE', index, 0, count - 1)
  if #hashes > 0 then
    remove(hashes)
  end
  return hashes
end

local function size()
  return redis.call('ZCARD', index)
end
