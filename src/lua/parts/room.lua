-- The room that a partition has: how many entries and bytes it holds, and what has to be evicted for more. Promise: size-bound.

local max_size, max_bytes = 0, 0 -- 0: no such bound
local entries, evicted, was_empty = 0, 0, false

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

  -- Evicts until so many more bytes fit: one victim after the other, since only then it is known how much it frees.
  function weigh.evict_for(more)
    local victims, freed = {}, 0
    while max_bytes > 0 and held - freed + more > max_bytes do
      local victim = evict(1)[1]
      if not victim then
        break
      end
      victims[#victims + 1], freed = victim, freed + redis.call('HSTRLEN', values, victim)
      if #victims == CHUNK then
        remove_victims(victims)
        victims, freed = {}, 0
      end
    end
    if #victims > 0 then
      remove_victims(victims)
    end
  end

  -- Makes room for existing entries whose values have become larger. One that the policy names is kept, and counts as new; unless
  -- there are none but them: then the first ones are evicted.
  function weigh.fit_replaced()
    local kept = {}
    while max_bytes > 0 and held > max_bytes do
      local victim = evict(1)[1]
      if victim and lives[victim] then
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

-- Evicts until so many more entries fit into `max_size`, and their bytes into `max_bytes`.
local function evict_for(more, more_bytes)
  local excess = max_size > 0 and entries + more - max_size or 0
  while excess > 0 do
    local victims = evict(math.min(excess, CHUNK))
    if #victims == 0 then
      return
    end
    remove_victims(victims)
    excess = excess - #victims
  end
  if weighing then
    weighing.evict_for(more_bytes)
  end
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
    evict_for(#some, more_bytes)
    insert(some)
    entries = entries + #some
    if weighing then
      weighing.inserted(hashes, first, last)
    end
    first = last + 1
  end
end
