-- Stores results, as if all of them came at the same moment: what is there already is replaced and counts as used, then
-- room is made for what is new. Whom the policy names leaves, but nobody for whom there is room beside the others.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, then the policy's own structures
-- ARGV: 1 max_size (0: unbounded), 2 idle_ttl_ms of the keys (0: none), 3 part (how many bytes
--       of a hash tell its function; 0: they do not), 4 count,
--       then for each entry: hash, value, label (what its trailer begins with; empty: it is stored bare, without one), times
--       (as they stand in the trailer: how long its function took, its freshness and its life, in milliseconds), token (when
--       its load began; empty: now, and it is stored in any case), extras,
--       then the policy's own arguments
--       Extras are empty or JSON: tags, lease (the name of the one to hand over; -1 for one that was lost), overrules (true:
--       what began to be computed before its token, or now, is refused)
-- Reply: the time in microseconds, the moment up to which the policy has ordered entries (the time, or later), number
--       evicted, number expired, then for each entry 1 (stored) or 0 (refused: invalidated since its token, or what is
--       there began to be computed later)
-- uses: trailer entries handing-over
local max_size, idle_ttl_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local part, count = tonumber(ARGV[3]), tonumber(ARGV[4])
read_ext(5 + 6 * count)

local at_us, at_ms = now_us(), now_ms()

local held = heal()
local expired = sweep()
held = held - expired
local began_empty = held == 0
local evicted, was_empty = 0, began_empty

-- Whether the entry, its function or one of its tags was invalidated since the token, or everything was.
local function is_invalidated(hash, token, extras)
  if token == '' then
    return false
  end
  token = tonumber(token)
  if at_us - token >= FENCE_TTL_US then
    return true
  end
  if not exists(fence) then
    return false
  end
  local members = { '', 'h:' .. hash, 'f:' .. hash:sub(1, part) }
  for _, tag in ipairs(extras.tags or {}) do
    members[#members + 1] = 't:' .. tag
  end
  local raised = redis.call('ZMSCORE', fence, unpack(members))
  for i = 1, #members do
    if tonumber(raised[i] or 0) >= token then
      return true
    end
  end
  return false
end

-- What is there already of the entries to store, as it was before.
local function stored_before()
  local before = {}
  for first = 1, count, CHUNK do
    local hashes = {}
    for i = first, math.min(count, first + CHUNK - 1) do
      hashes[#hashes + 1] = ARGV[6 * i - 1]
    end
    local stored = redis.call('HMGET', values, unpack(hashes))
    for i = 1, #hashes do
      before[hashes[i]] = stored[i]
    end
  end
  return before
end

-- When the load began of what is there under a hash, in microseconds; nil if that is not known, or does not count: there is
-- nothing, it has expired, or it is no entry of this hash. A time to come was noted before the clock was set back: it tells
-- nothing.
local began = {}
local unknown = {} -- there is something, and nothing is known of it
local function look_at(hash, stored, label)
  local entry = label ~= '' and read_trailer(stored)
  if not entry then
    unknown[hash] = true
  elseif entry.label:match('^1 %S+') == label:match('^1 %S+') and (not entry.ends_ms or entry.ends_ms > at_ms) then
    began[hash] = entry.began_us <= at_us and entry.began_us or nil
  end
end

-- Whether what is there is newer: its load began later. Of what is unknown, a load takes that for granted that has lost its
-- lease: there was nothing when it got it.
local function is_overtaken(hash, token, extras)
  if token == '' then
    return false
  end
  if began[hash] then
    return began[hash] > tonumber(token)
  end
  return unknown[hash] and extras.lease and tonumber(redis.call('ZSCORE', leases, hash) or 0) ~= extras.lease
end

-- Evicts until so many more fit in.
local function make_room(more)
  local excess = max_size > 0 and held + more - max_size or 0
  while excess > 0 do
    local victims = evict(math.min(excess, CHUNK))
    if #victims == 0 then
      return
    end
    forget(victims)
    held = held - #victims
    was_empty = was_empty or held == 0
    evicted = evicted + #victims
    excess = excess - #victims
  end
end

-- Lets entries in, as many at a time as there may be.
local function admit(hashes)
  local step = max_size > 0 and math.min(max_size, CHUNK) or CHUNK
  for first = 1, #hashes, step do
    local some = slice(hashes, first, math.min(#hashes, first + step - 1))
    make_room(#some)
    insert(some)
    held = held + #some
  end
end

make_room(0) -- the bound may have been lowered

local NOTHING = {}
local before = held > 0 and stored_before() or NOTHING
local reply, hashes, tagged, lives, new, used = { 0, 0, 0, 0 }, {}, {}, {}, {}, {}
local handed_over, overruled = {}, {}
for i = 5, 6 * count, 6 do
  local hash, value, label, times, token = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local extras = ARGV[i + 5] == '' and NOTHING or cjson.decode(ARGV[i + 5])
  if before[hash] then
    look_at(hash, before[hash], label)
    before[hash] = false
  end
  local refused = is_invalidated(hash, token, extras) or is_overtaken(hash, token, extras)
  if not refused then
    if label ~= '' then
      local generation = extras.tags and tags_generation()
      value = value .. trailer(label, token == '' and digits(at_us) or token, at_ms, times, generation)
    end
    local is_new = redis.call('HSET', values, hash, value) == 1
    began[hash], unknown[hash] = tonumber(token) or at_us, nil
    if not lives[hash] then -- of several for one hash, the last one that is stored counts
      local list = is_new and new or used
      list[#list + 1] = hash
      hashes[#hashes + 1] = hash
    end
    lives[hash], tagged[hash] = times:match('^%d+ %d+ (%S+)$') or times:match('^%d+ (%d+)$') or '-', extras.tags
    if extras.overrules then
      raise_fence('h:', { hash }, tonumber(token) or at_us)
      wrote(fence)
      overruled[#overruled + 1] = hash
    end
  end
  if extras.lease then
    handed_over[#handed_over + 1] = { hash, extras.lease }
  end
  reply[#reply + 1] = refused and 0 or 1
end

if #used > 0 and exists(tags) then
  untag(used)
end
local ends, endless = {}, {}
for i = 1, #hashes do
  local hash = hashes[i]
  if lives[hash] == '-' then
    endless[#endless + 1] = hash
  else
    ends[#ends + 1] = digits(at_ms + lives[hash])
    ends[#ends + 1] = hash
  end
  if tagged[hash] then
    tag(hash, tagged[hash])
  end
end
set_all(expiry, 'ZADD', ends, 'ZREM', endless)
if #used > 0 then
  touch(used)
end
admit(new)
for i = 1, #handed_over do
  hand_over(unpack(handed_over[i]))
end
for i = 1, #overruled do
  end_lease(overruled[i])
end
reply[3], reply[4] = evicted, expired

-- Whether a key may have come to be here, and so have no end yet: it joins the values.
local function may_be_new(i)
  return was_empty or written[KEYS[i]] or i > FIXED_KEYS
end

-- The life of the keys is renewed when a tenth of it has run down, and never cut short: a process that needs a longer one
-- may have set it. Fence and leases have ends of their own.
local function keep()
  local left_ms = redis.call('PTTL', values)
  if left_ms == -1 and not began_empty then
    return
  end
  local renew = left_ms < 0 or left_ms < 0.9 * idle_ttl_ms
  for i = 1, #KEYS do
    local key = KEYS[i]
    if key ~= fence and key ~= leases then
      if idle_ttl_ms == 0 then
        redis.call('PERSIST', key)
      elseif renew or (may_be_new(i) and redis.call('PTTL', key) == -1) then
        redis.call('PEXPIRE', key, renew and idle_ttl_ms or left_ms)
      end
    end
  end
end

keep()
reply[1], reply[2] = at_us, now_us()
return reply
