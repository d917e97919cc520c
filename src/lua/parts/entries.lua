-- What an entry consists of besides its place in the index, and how the parts are kept in agreement.
local FENCE_LIMIT = 10000
local FENCE_TTL_US = 86400000000

-- Whether any entry has an end of its own. Most often none has, and then nobody's needs to be removed.
local some_expire
local function expires()
  if some_expire == nil then
    some_expire = redis.call('EXISTS', expiry) == 1
  end
  return some_expire
end

-- Sets when an entry ends; nil for no end of its own.
local function set_expiry(hash, at_ms)
  if at_ms then
    redis.call('ZADD', expiry, digits(at_ms), hash)
    some_expire = true
  elseif expires() then
    redis.call('ZREM', expiry, hash)
  end
end

-- Removes what entries have outside the index.
local function forget(hashes)
  redis.call('HDEL', values, unpack(hashes))
  if expires() then
    redis.call('ZREM', expiry, unpack(hashes))
  end
end

-- Removes entries as a whole.
local function discard(hashes)
  remove(hashes)
  forget(hashes)
end

-- Removes everything but the fence, which has to outlive it.
local function discard_all()
  redis.call('UNLINK', index, values, expiry, unpack(KEYS, 5))
  some_expire = false
end

-- `maxmemory` or a DEL by hand may take keys. Half a pair is worth nothing, nor is what was beside a pair that is gone: it
-- starts over.
local function heal()
  local entries = size()
  if entries == 0 or entries ~= redis.call('HLEN', values) then
    discard_all()
  end
end

-- Removes expired entries, the first thousand of them; returns how many.
local function sweep(now_ms)
  local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', now_ms, 'LIMIT', 0, CHUNK)
  if #expired > 0 then
    discard(expired)
  end
  return #expired
end

-- The fence holds who was invalidated when, so that no load begun before can store its result after. The member '' is
-- the floor: everything is deemed invalidated then. It rises when the fence is trimmed. GT: nothing falls, even if the
-- clock is set back.
local function raise_fence(members, at_us)
  local scores = {}
  for i = 1, #members do
    scores[2 * i - 1] = at_us
    scores[2 * i] = members[i]
  end
  redis.call('ZADD', fence, 'GT', unpack(scores))
  local excess = redis.call('ZCARD', fence) - FENCE_LIMIT
  if excess > 0 then
    local popped = redis.call('ZPOPMIN', fence, excess)
    redis.call('ZADD', fence, 'GT', popped[#popped], '')
  end
  redis.call('PEXPIRE', fence, digits(FENCE_TTL_US / 1000))
end
