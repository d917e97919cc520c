-- An index that is a sorted set: member = call hash, score = place in the order.

-- Doubles hold whole numbers exactly below this.
local SCORE_LIMIT = 9007199254740992

-- The highest score there is, or that this script has given. Others cannot write meanwhile, so it is asked for once.
local highest_score
local function highest()
  if not highest_score then
    local last = redis.call('ZRANGE', index, -1, -1, 'WITHSCORES')
    highest_score = tonumber(last[2] or '0')
  end
  return highest_score
end

-- Gives the entries, in their present order, the scores that `score(place, old)` computes for places 1, 2, 3 …
-- The new scores must rise with the place and not exceed the old ones, so that nobody overtakes on the way.
local function rescore(score)
  local place = 0
  repeat
    local members = redis.call('ZRANGE', index, place, place + CHUNK - 1, 'WITHSCORES')
    local scores = {}
    for i = 1, #members, 2 do
      place = place + 1
      scores[i] = digits(score(place, tonumber(members[i + 1])))
      scores[i + 1] = members[i]
    end
    if #members > 0 then
      redis.call('ZADD', index, unpack(scores))
    end
  until #members < 2 * CHUNK
  return place
end

-- The highest score, after making room for `count` more whole numbers above it.
local function highest_with_room(count)
  local last = highest()
  if last + count < SCORE_LIMIT then
    return last
  end
  highest_score = rescore(function(place)
    return place
  end)
  return highest_score
end

-- Scores that rise by one from entry to entry, up to `last`, each before its hash.
local function in_order(last, hashes)
  local scores, before = {}, last - #hashes
  for i = 1, #hashes do
    scores[2 * i - 1], scores[2 * i] = digits(before + i), hashes[i]
  end
  return scores
end

-- Adds entries at the newest end, the last one last.
local function append(score, hashes)
  highest_score = score
  redis.call('ZADD', index, unpack(in_order(score, hashes)))
end

-- Moves entries to the newest end, the last one last. XX: who was evicted meanwhile stays out.
local function move_to_end(score, hashes)
  highest_score = score
  redis.call('ZADD', index, 'XX', unpack(in_order(score, hashes)))
end

-- Takes `count` entries from one end (ZPOPMIN or ZPOPMAX) and returns their hashes.
local function pop(command, count)
  local popped = redis.call(command, index, count)
  local hashes = {}
  for i = 1, #popped, 2 do
    hashes[#hashes + 1] = popped[i]
  end
  return hashes
end

local function remove(hashes)
  redis.call('ZREM', index, unpack(hashes))
end

local function size()
  return redis.call('ZCARD', index)
end
