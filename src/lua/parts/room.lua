-- The room that a partition has: how many entries and bytes it holds, and what has to be evicted for more. Promise: size-bound.

local max_size, max_bytes = 0, 0 -- 0: no such bound
local entries, evicted, was_empty = 0, 0, false

-- How many entries a script evicts, besides one for each that it stores. More are evicted by scripts that do nothing else, so that
-- the server can serve other clients in between. A policy may say that it finds only so few in a short time.
local few = most_victims and tonumber((most_victims()))
local PIECE = few or 50

-- By hash, how long an entry lives that was stored by this script; and which of them were evicted again.
local lives, evicted_again = {}, nil

-- What counts bytes; nil if they are not counted.
local weighing

-- Removes victims, which are not in the index any more.
local function remove_victims(victims)
  if weighing then
    weighing.removed(victims)
  end
  forget(victims, weighing ~= nil)
  for i = 1, #victims do
    if lives[victims[i]] then
      evicted_again = evicted_again or {}
      evicted_again[victims[i]] = true
    end
  end
  entries = entries - #victims
  was_empty = was_empty or entries == 0
  evicted = evicted + #victims
end

-- Counts the bytes of the entries. A script makes its functions anew each time it runs, which takes time: these only where bytes
-- are counted.
local function open_weighing(held)
  local new_bytes = 0 -- of the entries that are about to be inserted
  -- By hash, the bytes of an entry that is replaced or stored; and whether it is about to be inserted.
  local lengths, awaits_insert = {}, {}
  local weigh = {}

  function weigh.removed(victims)
    held = held - bytes_in(victims)
  end

  function weigh.existing(hash, length)
    lengths[hash] = length
  end

  -- An entry was stored. The bytes of a new one count when it is inserted.
  function weigh.stored(hash, length, is_new)
    local more = length - (not is_new and lengths[hash] or 0)
    awaits_insert[hash] = is_new or awaits_insert[hash]
    if awaits_insert[hash] then
      new_bytes = new_bytes + more
    else
      held = held + more
    end
    lengths[hash] = length
  end

  function weigh.inserted(hashes, first, last)
    for i = first, last do
      held = held + lengths[hashes[i]]
    end
  end

  -- Whether so many bytes fit beside the entries that are about to be inserted.
  function weigh.has_room(length)
    return max_bytes == 0 or held + new_bytes + length <= max_bytes
  end

  -- A value that is larger than `max_bytes` is not stored. An older one must not be served after it.
  function weigh.drop_for_larger(hash)
    if lengths[hash] and not lives[hash] then
      held, entries = held - lengths[hash], entries - discard({ hash })
      was_empty, lengths[hash] = was_empty or entries == 0, nil
    end
  end

  -- The last of the entries from the first one on whose bytes fit into `max_bytes` together, and how many bytes these are.
  function weigh.together(hashes, first, last)
    local sum = lengths[hashes[first]]
    for i = first + 1, last do
      local with_next = sum + lengths[hashes[i]]
      if max_bytes > 0 and with_next > max_bytes then
        return i - 1, sum
      end
      sum = with_next
    end
    return last, sum
  end

  -- How much longer the value of an existing entry becomes.
  function weigh.growth(hash, length)
    return length - lengths[hash]
  end

  -- How many victims that takes, if they have as many bytes as entries have in the mean.
  function weigh.victims_for(length)
    return math.ceil((held + length - max_bytes) * entries / held)
  end

  -- Evicts until so many more bytes fit, `most` entries at the most: one victim after the other, since only then it is known how much
  -- it frees. Returns whether they fit.
  function weigh.evict_for(more, most)
    local victims, freed, is_done = {}, 0, true
    while max_bytes > 0 and held - freed + more > max_bytes do
      is_done = most > 0
      local victim = is_done and evict(1)[1]
      if not victim then
        break
      end
      most = most - 1
      victims[#victims + 1], freed = victim, freed + redis.call('HSTRLEN', values, victim)
      if #victims == CHUNK then
        remove_victims(victims)
        victims, freed = {}, 0
      end
    end
    if #victims > 0 then
      remove_victims(victims)
    end
    return is_done
  end

  -- Makes room for existing entries (`replaced`) whose values become so much larger. One that the policy names is kept, and counts as
  -- new; unless there are none but them: then the first ones are evicted. The policy names `most` entries at the most. Returns
  -- whether they fit.
  function weigh.fit_replaced(replaced, more, most)
    local kept, is_done = {}, true
    while max_bytes > 0 and held + more > max_bytes do
      is_done = most > 0
      if not is_done then
        break
      end
      most = most - 1
      local victim = evict(1)[1]
      if victim and replaced[victim] then
        kept[#kept + 1] = victim
      elseif victim or #kept > 0 then
        remove_victims({ victim or table.remove(kept, 1) })
      else
        break
      end
    end
    if #kept > 0 then
      insert(kept)
    end
    return is_done
  end

  function weigh.close()
    redis.call('SET', bytes, digits(held), 'KEEPTTL')
    wrote(bytes)
  end

  return weigh
end

-- Reads the bounds, and makes the partition whole. Returns how many entries had expired.
--
-- The sum of stored bytes is kept for a bound of them, and then by all. Without it the partition starts over.
local function open_room(bounds)
  max_size = tonumber(bounds)
  if not max_size then
    local size, sum = bounds:match('^(%d+) (%d+)$')
    max_size, max_bytes = tonumber(size), tonumber(sum)
  end
  local keeps_bytes = exists(bytes) or max_bytes > 0
  entries = heal()
  if entries > 0 and keeps_bytes and not tonumber(redis.call('GET', bytes)) then
    discard_all()
    entries = 0
  end
  local expired = sweep()
  entries = entries - expired
  was_empty = entries == 0
  weighing = keeps_bytes and open_weighing(tonumber(entries > 0 and redis.call('GET', bytes) or 0)) or nil
  return expired
end

-- Evicts until so many more entries fit into `max_size`, and their bytes into `max_bytes`: `most` entries at the most. Returns
-- whether they fit.
local function evict_for(more, more_bytes, most)
  local excess = max_size > 0 and entries + more - max_size or 0
  while excess > 0 do
    local victims = most > 0 and evict(math.min(excess, CHUNK, most)) or {}
    if #victims == 0 then
      return most > 0
    end
    remove_victims(victims)
    excess, most = excess - #victims, most - #victims
  end
  return not weighing or weighing.evict_for(more_bytes, most)
end

-- How many entries have to be evicted for that; an estimate, where bytes decide.
local function victims_for(more, more_bytes)
  local victims = max_size > 0 and entries + more - max_size or 0
  if weighing and not weighing.has_room(more_bytes) then
    victims = math.max(victims, more, weighing.victims_for(more_bytes))
  end
  return math.max(0, math.min(victims, entries))
end

-- Makes room for so many more entries and bytes; `replaced`: the bytes are those by which this entry grows. Evicts a piece of
-- entries at the most. Returns whether they fit.
--
-- A policy that finds in no short time what to evict does a part of that work instead.
local function make_room(more, more_bytes, replaced)
  local wanted, most = victims_for(more, more_bytes), PIECE
  if wanted == 0 then
    return true
  end
  if prepare_eviction then
    -- Of a few more they may be larger or smaller than in the mean.
    most = math.min(PIECE, max_bytes > 0 and 2 * wanted + 2 or wanted)
    if not prepare_eviction(most) then
      if most == 1 or not prepare_eviction(1) then
        return false
      end
      most = 1
    end
  end
  if replaced then
    return weighing.fit_replaced({ [replaced] = true }, more_bytes, most)
  end
  return evict_for(more, more_bytes, most)
end

-- Inserts entries, at most as many at a time as fit.
local function insert_all(hashes)
  local step = max_size > 0 and math.min(max_size, CHUNK) or CHUNK
  local first = 1
  while first <= #hashes do
    local last, more_bytes = math.min(#hashes, first + step - 1), 0
    if weighing then
      last, more_bytes = weighing.together(hashes, first, last)
    end
    local some = slice(hashes, first, last)
    evict_for(#some, more_bytes, math.huge)
    insert(some)
    entries = entries + #some
    if weighing then
      weighing.inserted(hashes, first, last)
    end
    first = last + 1
  end
end
