-- Stores results, as if all of them came at the same moment: what is there already is replaced and counts as used, then
-- room is made for what is new. Whom the policy names leaves, but nobody for whom there is room beside the others.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 fresh, 6 tags, 7 leases, then the policy's own structures
-- ARGV: 1 max_size (0: unbounded), 2 idle_ttl_ms of the keys (0: none), 3 part (how many bytes
--       of a hash tell its function; 0: they do not), 4 count,
--       then for each entry: hash, value, its own ttl_ms (empty: none), token (empty: stored in any case), note,
--       then the policy's own arguments
--       A note is empty or JSON: fresh_ms and compute_ms (for how long it is fresh, and took to compute), tags, lease (the
--       name of the one to hand over; -1 for one that was lost), overrules (true: what began to be computed before its
--       token, or now, is refused)
-- Reply: the moment in microseconds, number evicted, number expired, then for each entry 1 (stored) or 0 (refused:
--       invalidated since its token, or what is there is newer)
-- uses: entries handing-over
local max_size, idle_ttl_ms = tonumber(ARGV[1]), tonumber(ARGV[2])
local part, count = tonumber(ARGV[3]), tonumber(ARGV[4])
read_ext(5 + 5 * count)

local at_us, at_ms = now_us(), now_ms()

local held = heal()
local expired = sweep()
held = held - expired
local began_empty = held == 0
local evicted, was_empty = 0, began_empty

-- Whether the entry, its function or one of its tags was invalidated since the token, or everything was.
local function is_refused(hash, token, note)
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
  for _, tag in ipairs(note.tags or {}) do
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

-- Whether the entry that is there is newer: its load began later, as far as that is noted. A load that had no entry when
-- it got its lease, and has lost the lease, takes any entry for newer. Looked at only where it may be: the lease was lost,
-- or the load took long. Its process may have been stopped meanwhile.
local SLOW_US = 1000000
local newly = {} -- stored by this script, where there was none
local function is_overtaken(hash, token, note)
  if token == '' or newly[hash] then
    return false
  end
  token = tonumber(token)
  local is_lost = note.lease and tonumber(redis.call('ZSCORE', leases, hash) or 0) ~= note.lease
  if (not is_lost and at_us - token < SLOW_US) or redis.call('HEXISTS', values, hash) == 0 then
    return false
  end
  local ends_ms = exists(expiry) and redis.call('ZSCORE', expiry, hash)
  if ends_ms and ends_ms + 0 <= at_ms then
    return false
  end
  local noted = exists(fresh) and redis.call('HGET', fresh, hash)
  local compute_ms, stored_ms = (noted or ''):match(' (%d+) (%d+)$')
  if stored_ms and stored_ms + 0 <= at_ms then -- otherwise the clock was set back, and times tell nothing
    return (stored_ms - compute_ms) * 1000 > token
  end
  return is_lost
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
local reply, hashes, notes, ttls, new, used = { 0, 0, 0 }, {}, {}, {}, {}, {}
local handed_over, overruled = {}, {}
for i = 5, 5 * count, 5 do
  local hash, value, token = ARGV[i], ARGV[i + 1], ARGV[i + 3]
  local note = ARGV[i + 4] == '' and NOTHING or cjson.decode(ARGV[i + 4])
  local refused = is_refused(hash, token, note) or is_overtaken(hash, token, note)
  if not refused then
    local is_new = redis.call('HSET', values, hash, value) == 1
    newly[hash] = newly[hash] or is_new
    if not notes[hash] then -- of several for one hash, the last one counts
      local list = is_new and new or used
      list[#list + 1] = hash
      hashes[#hashes + 1] = hash
    end
    ttls[hash], notes[hash] = ARGV[i + 2], note
    if note.overrules then
      raise_fence('h:', { hash }, tonumber(token) or at_us)
      wrote(fence)
      overruled[#overruled + 1] = hash
    end
  end
  if note.lease then
    handed_over[#handed_over + 1] = { hash, note.lease }
  end
  reply[#reply + 1] = refused and 0 or 1
end

if #used > 0 and exists(tags) then
  untag(used)
end
local ends, endless, freshness, timeless = {}, {}, {}, {}
for i = 1, #hashes do
  local hash = hashes[i]
  local note = notes[hash]
  if ttls[hash] ~= '' then
    ends[#ends + 1] = digits(at_ms + ttls[hash])
    ends[#ends + 1] = hash
  else
    endless[#endless + 1] = hash
  end
  if note.fresh_ms then
    freshness[#freshness + 1] = hash
    freshness[#freshness + 1] =
      table.concat({ digits(at_ms + note.fresh_ms), digits(note.compute_ms or 0), digits(at_ms) }, ' ')
  else
    timeless[#timeless + 1] = hash
  end
  if note.tags then
    tag(hash, note.tags)
  end
end
set_all(expiry, 'ZADD', ends, 'ZREM', endless)
set_all(fresh, 'HSET', freshness, 'HDEL', timeless)
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
reply[2], reply[3] = evicted, expired

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
reply[1] = now_us()
return reply
