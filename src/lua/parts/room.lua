-- The room that a partition has: how many entries and bytes it holds, and what has to be evicted for more. Promise: size-bound.

local max_size, max_bytes = 0, 0 -- 0: no such bound
local entries, evicted, was_empty = 0, 0, false

-- The bytes of the entries in the index, and of those that are about to be inserted; `held` is nil if they are not counted.
local held, new_bytes = nil, 0
-- By hash, the bytes of an entry that is replaced or stored; and whether it is about to be inserted.
local lengths, awaits_insert = {}, {}

-- By hash, how long an entry lives that was stored by this script; and which of them were evicted again.
local lives, evicted_again = {}, nil

-- Reads the bounds, and makes the partition whole. Returns how many entries had expired.
--
-- The sum of stored bytes is kept for a bound of them, and then by all. Without it the partition starts over.
local function open_room(bounds)
  local size, sum = bounds:match('^(%d+) ?(%d*)$')
  max_size, max_bytes = tonumber(size), tonumber(sum) or 0
  local keeps_bytes = exists(bytes) or max_bytes > 0
  entries = heal()
  if entries > 0 and keeps_bytes and not tonumber(redis.call('GET', bytes)) then
    discard_all()
    entries = 0
  end
  local expired = sweep()
  entries = entries - expired
  was_empty = entries == 0
  held = keeps_bytes and tonumber(entries > 0 and redis.call('GET', bytes) or 0) or nil
  return expired
end

-- Writes the sum of bytes.
local function close_room()
  if held then
    redis.call('SET', bytes, digits(held), 'KEEPTTL')
    wrote(bytes)
  end
end

-- How many have to be evicted for so many more entries, as far as that is known: for bytes, at least one.
local function excess_of(more, more_bytes)
  local excess = max_size > 0 and math.min(more, entries + more - max_size) or 0
  return max_bytes > 0 and held + more_bytes > max_bytes and math.max(1, excess) or excess
end

-- Whether one more entry of so many bytes fits beside those that are about to be inserted.
local function has_room(new, more_bytes)
  return (max_size == 0 or entries + new < max_size)
    and (max_bytes == 0 or held + new_bytes + more_bytes <= max_bytes)
end

-- An entry was stored. The bytes of a new one count when it is inserted.
local function count_bytes(hash, length, is_new)
  local more = length - (not is_new and lengths[hash] or 0)
  awaits_insert[hash] = is_new or awaits_insert[hash]
  if awaits_insert[hash] then
    new_bytes = new_bytes + more
  else
    held = held + more
  end
  lengths[hash] = length
end

-- A value that is larger than `max_bytes` is not stored. An older one must not be served after it.
local function drop_for_larger(hash)
  if lengths[hash] and not lives[hash] then
    held, entries = held - lengths[hash], entries - discard({ hash })
    was_empty, lengths[hash] = was_empty or entries == 0, nil
  end
end

-- Removes victims, which are not in the index any more.
local function remove_victims(victims)
  held = held and held - bytes_in(victims)
  forget(victims, held ~= nil)
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

-- Evicts until so many more bytes fit into `max_bytes`: one victim after the other, since only then it is known how much it frees.
local function evict_for_bytes(more_bytes)
  local victims, freed = {}, 0
  while held - freed + more_bytes > max_bytes do
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
  if max_bytes > 0 then
    evict_for_bytes(more_bytes)
  end
end

-- Makes room for existing entries whose values have become larger. One that the policy names is kept, and counts as new; unless
-- there are none but them: then the first ones are evicted.
local function fit_replaced()
  local kept = {}
  while held > max_bytes do
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

-- Inserts entries, at most as many at a time as fit.
local function insert_all(hashes)
  local step = max_size > 0 and math.min(max_size, CHUNK) or CHUNK
  local first = 1
  while first <= #hashes do
    local last, more_bytes = first, lengths[hashes[first]] or 0
    while last < #hashes and last - first + 1 < step do
      local with_next = more_bytes + (lengths[hashes[last + 1]] or 0)
      if max_bytes > 0 and with_next > max_bytes then
        break
      end
      last, more_bytes = last + 1, with_next
    end
    local some = slice(hashes, first, last)
    evict_for(#some, more_bytes)
    insert(some)
    entries, held = entries + #some, held and held + more_bytes
    first = last + 1
  end
end
