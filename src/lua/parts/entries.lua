-- What an entry consists of besides its place in the index, and how the parts are kept in agreement.
local FENCE_LIMIT = 10000
local FENCE_TTL_US = 86400000000

-- Which of the structures beside the pair there are. Most often none is, and one question tells.
local existing
local function exists(key)
  if not existing then
    existing = {}
    if redis.call('EXISTS', expiry, fence, tags) > 0 then
      for _, each in ipairs({ expiry, fence, tags }) do
        existing[each] = redis.call('EXISTS', each) == 1
      end
    end
  end
  return existing[key]
end

-- Those that this script has written to: they may have come to be by that.
local written = {}
local function wrote(key)
  exists(key)
  existing[key] = true
  written[key] = true
end

-- Tags are kept in one sorted set, in both directions, so that no half of them can be lost: `h<length>:<hash>=<tag>` and
-- `t<length>:<tag>=<hash>`. Lengths keep names apart that contain one another. `g<generation>` names the set itself: who
-- has tags names it in its trailer, and readers of tagged functions ask whether it still is the same. If the set is lost,
-- the next one has another generation, and its entries are told from those that it does not know.
local function prefix_of(kind, name)
  return kind .. #name .. ':' .. name .. '='
end

-- What follows a prefix, at most so much of it: all, or what comes after something.
local function following(prefix, limit, something)
  local first = something and '(' .. prefix .. something or '[' .. prefix
  local last = '(' .. prefix:sub(1, -2) .. '>' -- the character after '='
  local members = redis.call('ZRANGEBYLEX', tags, first, last, 'LIMIT', 0, limit)
  for i = 1, #members do
    members[i] = members[i]:sub(#prefix + 1)
  end
  return members
end

local function untag(hashes)
  for i = 1, #hashes do
    local own = prefix_of('h', hashes[i])
    repeat
      local names, members = following(own, CHUNK), {}
      for j = 1, #names do
        members[2 * j - 1] = own .. names[j]
        members[2 * j] = prefix_of('t', names[j]) .. hashes[i]
      end
      if #members > 0 then
        redis.call('ZREM', tags, unpack(members))
      end
    until #names < CHUNK
  end
end

-- Gives an entry that has none its tags.
local function tag(hash, names)
  local own, members = prefix_of('h', hash), {}
  for i = 1, #names do
    local at = #members
    members[at + 1], members[at + 2] = '0', own .. names[i]
    members[at + 3], members[at + 4] = '0', prefix_of('t', names[i]) .. hash
  end
  if #members > 0 then
    redis.call('ZADD', tags, unpack(members))
  end
end

-- The generation of the set of tags, which is made if there is none. Nine digits of the time are enough to tell it from
-- the one before.
local generation
local function tags_generation()
  if not generation then
    local found = redis.call('ZRANGEBYLEX', tags, '[g', '(h', 'LIMIT', 0, 1)[1]
    generation = found and found:sub(2) or digits(now_us() % 1000000000)
    if not found then
      redis.call('ZADD', tags, '0', 'g' .. generation)
      wrote(tags)
    end
  end
  return generation
end

-- Sets what entries have of a kind: `with` alternates as the command takes it, those named in `without` have none.
local function set_all(key, set, with, unset, without)
  if #with > 0 then
    redis.call(set, key, unpack(with))
    wrote(key)
  end
  if #without > 0 and exists(key) then
    redis.call(unset, key, unpack(without))
  end
end

-- Removes what entries have outside the index. Returns how many of them there were.
local function forget(hashes)
  if exists(expiry) then
    redis.call('ZREM', expiry, unpack(hashes))
  end
  if exists(tags) then
    untag(hashes)
  end
  return redis.call('HDEL', values, unpack(hashes))
end

-- Removes entries as a whole. Returns how many of them there were.
local function discard(hashes)
  remove(hashes)
  return forget(hashes)
end

-- Removes everything but the fence, which has to outlive it, and the leases, which are not of entries.
local function discard_all()
  redis.call('UNLINK', index, values, expiry, tags, unpack(KEYS, FIXED_KEYS + 1))
  existing, generation = nil, nil
end

-- `maxmemory` or a DEL by hand may take keys. Half a pair is worth nothing, nor is what was beside a pair that is gone: it
-- starts over. Returns how many entries there are.
local function heal()
  local entries = size()
  if entries == 0 or entries ~= redis.call('HLEN', values) then
    discard_all()
    return 0
  end
  return entries
end

-- Removes expired entries, the first thousand of them; returns how many.
local function sweep()
  if not exists(expiry) then
    return 0
  end
  local expired = redis.call('ZRANGEBYSCORE', expiry, '-inf', now_ms(), 'LIMIT', 0, CHUNK)
  if #expired > 0 then
    discard(expired)
  end
  return #expired
end

-- The fence holds who was invalidated when, so that no load begun before can store its result after. The member '' is
-- the floor: everything is deemed invalidated then. It rises when the fence is trimmed. `h:` begins the name of an entry,
-- `f:` of a function, `t:` of a tag. GT: nothing falls, even if the clock is set back.
local function raise_fence(kind, names, since_us)
  local scores, at_us = {}, digits(since_us or now_us())
  for i = 1, #names do
    scores[2 * i - 1] = at_us
    scores[2 * i] = kind .. names[i]
  end
  -- Removes nothing: a server that is full lets a script add only if its first write was a removal.
  redis.call('ZREMRANGEBYSCORE', fence, '-inf', '-1')
  redis.call('ZADD', fence, 'GT', unpack(scores))
  local excess = redis.call('ZCARD', fence) - FENCE_LIMIT
  if excess > 0 then
    local popped = redis.call('ZPOPMIN', fence, excess)
    redis.call('ZADD', fence, 'GT', popped[#popped], '')
  end
  redis.call('PEXPIRE', fence, digits(FENCE_TTL_US / 1000))
end
