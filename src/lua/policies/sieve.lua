-- SIEVE: new entries are the newest, and a hit only marks an entry. A hand goes from the oldest entry to the newest; it
-- removes the marks that it finds, and evicts the first entry without one. (Zhang et al., NSDI 2024.)
-- Invariant: score = 2 * sequence + mark. Sequence numbers are distinct and rise in the order of insertion. The hand is the
-- sequence number from which it goes on; there is no hand while it is at the oldest entry.
--
-- A hit on a marked entry writes nothing.
-- uses: sorted-index update
local hand = structure(1)

-- How many entries are read first: mostly one of them is the victim.
local FIRST_READ = 8

-- How many marks one script removes before it evicts. More of them in a row are removed by scripts that do nothing else.
local PIECE = 100

local function sequence_of(score)
  return math.floor(score / 2)
end

-- The hand, or 0. Read once: nobody else writes while this script runs.
local known_hand
local function hand_at()
  known_hand = known_hand or tonumber(redis.call('GET', hand) or 0) or 0
  return known_hand
end

-- Entries from a sequence number on, with their scores.
local function entries_from(at, limit)
  return redis.call('ZRANGE', index, digits(2 * at), '+inf', 'BYSCORE', 'LIMIT', 0, limit, 'WITHSCORES')
end

-- Moves the hand. Behind the newest entry it begins again at the oldest: what is stored later must not be its next entry.
local function move_hand(at, has_entries_after)
  if at > 0 and not has_entries_after and #entries_from(at, 1) == 0 then
    at = 0
  end
  if at > 0 then
    redis.call('SET', hand, digits(at), 'KEEPTTL')
  elseif hand_at() > 0 then
    redis.call('UNLINK', hand)
  end
  known_hand = at
end

-- The last sequence number. Far below 2^53, the entries and the hand are numbered again from 1 first.
local function last_sequence(count)
  local last = sequence_of(highest())
  if 2 * (last + count) + 1 < SCORE_LIMIT then
    return last
  end
  local at = hand_at()
  local before = at > 0 and redis.call('ZCOUNT', index, '-inf', '(' .. digits(2 * at)) or 0
  last = rescore(function(rank, score)
    return 2 * rank + score % 2
  end)
  if at > 0 then
    move_hand(before + 1)
  end
  return last
end

local function touch(hashes)
  update(hashes, function(score)
    return score % 2 == 0 and score + 1 or nil
  end)
end

local function insert(hashes)
  highest_score = 2 * (last_sequence(#hashes) + #hashes)
  redis.call('ZADD', index, unpack(in_order(highest_score, hashes, 2)))
end

-- Removes the marks of `marked` (score without the mark, and hash, alternately).
local function unmark(marked)
  if #marked > 0 then
    redis.call('ZADD', index, 'XX', unpack(marked))
  end
end

local function evict(count)
  local victims, at, limit = {}, hand_at(), FIRST_READ
  local has_entries_after
  repeat
    local found, from = entries_from(at, limit), at
    local marked, evicted = {}, {}
    local i = 1
    while i < #found and #victims < count do
      local hash, score = found[i], tonumber(found[i + 1])
      if score % 2 == 1 then
        marked[#marked + 1] = digits(score - 1)
        marked[#marked + 1] = hash
      else
        victims[#victims + 1], evicted[#evicted + 1] = hash, hash
      end
      at = sequence_of(score) + 1
      i = i + 2
    end
    unmark(marked)
    if #evicted > 0 then
      redis.call('ZREM', index, unpack(evicted))
    end
    has_entries_after = i < #found
    if not has_entries_after and #found < 2 * limit then
      at = 0
    end
    limit = math.min(8 * limit, CHUNK)
  until #victims == count or (from == 0 and #found == 0)
  move_hand(at, has_entries_after)
  return victims
end

-- Whether `evict` finds so many victims without removing a whole piece of marks. If not, the marks before the first victim are
-- removed, a piece of them at most.
local function prepare_eviction(count)
  local start, limit = hand_at(), FIRST_READ
  local from, has_turned, marks, victims = start, false, 0, 0
  local marked, at = {}, start
  while marks < PIECE do
    local found = entries_from(from, limit)
    for i = 1, #found, 2 do
      local score = tonumber(found[i + 1])
      from = sequence_of(score) + 1
      if has_turned and from > start then
        return true -- it has seen all entries
      end
      if score % 2 == 0 then
        victims = victims + 1
        if victims == count then
          return true
        end
      else
        marks = marks + 1
        if victims == 0 then
          marked[#marked + 1] = digits(score - 1)
          marked[#marked + 1] = found[i]
          at = from
        end
        if marks == PIECE then
          break
        end
      end
    end
    if marks < PIECE and #found < 2 * limit then
      if has_turned or start == 0 then
        return true
      end
      from, has_turned = 0, true
    end
    limit = math.min(8 * limit, PIECE)
  end
  unmark(marked)
  move_hand(at)
  return false
end

local function remove(hashes)
  redis.call('ZREM', index, unpack(hashes))
  if hand_at() > 0 then
    move_hand(hand_at())
  end
end
