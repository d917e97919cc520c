-- Removes entries with all that belongs to them, and repairs a partition that has lost one of its keys.

-- Writes a property of entries (`with`: its value and the hash of the entry, alternately), and removes it from the
-- entries in `without`.
local function set_all(key, set, with, unset, without)
  if #with > 0 then
    redis.call(set, key, unpack(with))
    wrote(key)
  end
  if #without > 0 and exists(key) then
    redis.call(unset, key, unpack(without))
  end
end

-- The bytes that are stored for entries.
local function bytes_in(hashes)
  local sum = 0
  for i = 1, #hashes do
    sum = sum + redis.call('HSTRLEN', values, hashes[i])
  end
  return sum
end

-- Corrects the sum of stored bytes, where it is kept.
local function add_bytes(more)
  if more ~= 0 and exists(bytes) then
    redis.call('INCRBY', bytes, digits(more))
  end
end

-- Removes what entries have outside the index. Returns how many of the entries existed. `is_counted`: the caller corrects the sum
-- of bytes.
local function forget(hashes, is_counted)
  tell('entries', hashes)
  if not is_counted and exists(bytes) then
    add_bytes(-bytes_in(hashes))
  end
  if exists(expiry) then
    redis.call('ZREM', expiry, unpack(hashes))
  end
  if exists(tags) then
    untag(hashes)
  end
  return redis.call('HDEL', values, unpack(hashes))
end

-- Removes entries as a whole. Returns how many of them existed.
local function discard(hashes)
  remove(hashes)
  return forget(hashes)
end

-- Removes all entries. The fence stays, since it has to outlive them (promise: fence-outlives); so do
-- the leases, which belong to no entry.
local function discard_all()
  tell('all')
  redis.call('UNLINK', index, values, expiry, tags, bytes, unpack(KEYS, FIXED_KEYS + 1))
  exists(expiry)
  existing[expiry], existing[tags], existing[bytes], generation = nil, nil, nil, nil
end

-- `maxmemory` or a DEL by hand may remove single keys. If index and values do not agree, or are empty, the partition starts
-- over without any key of before. Returns the number of entries. Promise: lost-key-harmless.
local function heal()
  local entries = size()
  if entries == 0 or entries ~= redis.call('HLEN', values) then
    discard_all()
    return 0
  end
  return entries
end

-- Removes a few expired entries. Returns how many were removed.
local function sweep()
  if not exists(expiry) then
    return 0
  end
  local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', now_ms(), 'LIMIT', 0, FEW_ENTRIES)
  if #expired > 0 then
    discard(expired)
  end
  return #expired
end
