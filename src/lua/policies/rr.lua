-- Random replacement: any entry may leave, each with the same chance, and a hit changes nothing.
-- Invariant: the index is a plain set.
local function touch() end

local function insert(hash)
  redis.call('SADD', index, hash)
end

local function evict(count)
  return redis.call('SPOP', index, count)
end

local function remove(hashes)
  redis.call('SREM', index, unpack(hashes))
end

local function size()
  return redis.call('SCARD', index)
end
