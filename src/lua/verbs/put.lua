-- Stores results, as if all of them came at the same moment: existing entries are replaced and count as used, then new
-- ones are inserted. The policy names the entries to evict, and no more are evicted than the bounds demand.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 bounds (max_size or 0, and behind a space max_bytes if there is such a bound), 2 idle_ttl_ms of the keys (or 0), 3 part
--       (how many bytes at the beginning of a hash tell its function; 0: none), 4 trailers_ms (the time
--       of storing in the trailers with which values come; 0: they come without), 5 count,
--       then for each entry: hash, value, label (what its trailer begins with; empty: it is stored without a trailer), times
--       (as they stand in the trailer: how long its function took, its freshness and its life, in milliseconds), token (when
--       its load began; empty: now, and it is stored in any case; where trailers_ms is not 0, no token is empty), extras,
--       then the policy's own arguments
--       Extras are empty or JSON: tags, asker (of the lease to end, which may have been lost), ifRoom (true: a new entry
--       is stored only if none has to be evicted for it), overrules (true:
--       a load that began before its token, or before now, is refused from then on), cost (for the policy), touched (true: an
--       earlier script has replied 7), room (how many bytes the value has, which is not sent: only room is made for it)
--       With tags or room a value comes without a trailer.
-- Reply: the time in microseconds, the moment up to which the policy has ordered entries (the time, or later), the time of storing
--       in milliseconds, number evicted, number expired, the number of the last change (0: there is no log), then for each entry
--       a code:
--       0 refused: invalidated since its token, or the load of the existing entry began later
--       1 stored
--       2 stored, and evicted again by this put
--       3 send it again, in parts: nothing of this command was stored, since too much has to be evicted for it at once
--       4 not stored: there is no room
--       5 not stored: larger than max_bytes
--       6 send it again: nothing was stored, but a piece of what has to be evicted for it was evicted
--       7 the same, and the read of the existing entry was already reported to the policy
--       8 send it with its value: there is room
-- uses: publish trailer structures changes tags entries fence lease-name lease-end lease-own idle-ttl room
local idle_ttl_ms, part, trailers_ms, count = tonumber(ARGV[2]), tonumber(ARGV[3]), tonumber(ARGV[4]), tonumber(ARGV[5])
read_ext(6 + 6 * count)

local at_us, at_ms = now_us(), now_ms()

-- When the entries count as stored. Trailers that come with values are kept, since to write them takes Lua a quarter of the time of
-- this script. Their time may be a second ago, and must not be later than now: no entry is fresh for longer than it is said to be.
local keeps_trailers = trailers_ms <= at_ms and trailers_ms > at_ms - 1000
local stored_ms = keeps_trailers and trailers_ms or at_ms

local expired = open_room(ARGV[1])
local created_values = false

-- Ends the script: the reply begins with what has happened to the partition.
local function finish(reply)
  if weighing then
    weighing.close()
  end
  prolong_keys(idle_ttl_ms, was_empty)
  reply[1], reply[2], reply[3] = at_us, now_us(), stored_ms
  reply[4], reply[5], reply[6] = evicted, expired, end_telling()
  return answer(reply)
end

local function send_again(code)
  local reply = {}
  for i = 1, count do
    reply[6 + i] = code
  end
  return finish(reply)
end

-- Whether the entry, its function or one of its tags was invalidated since the token, or everything was.
-- Promises: no-late-put, stored-after.
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

-- The stored values of the hashes that are about to be stored, by hash.
local function stored_before()
  local before = {}
  for first = 1, count, CHUNK do
    local hashes = {}
    for i = first, math.min(count, first + CHUNK - 1) do
      hashes[#hashes + 1] = ARGV[6 * i]
    end
    local stored = redis.call('HMGET', values, unpack(hashes))
    for i = 1, #hashes do
      before[hashes[i]] = stored[i]
    end
  end
  return before
end

-- When the load of the existing entry began, in microseconds, by hash. nil if there is no entry, if it has expired or
-- belongs to another hash, and if its time is in the future (then the clock was set back since).
local began = {}
local unknown = {} -- by hash: whether there is an entry without a trailer
local function read_existing(hash, stored, label)
  local entry = label ~= '' and read_trailer(stored)
  if not entry then
    unknown[hash] = true
  elseif entry.label:match('^1 %S+') == label:match('^1 %S+') and (not entry.ends_ms or entry.ends_ms > at_ms) then
    began[hash] = entry.began_us <= at_us and entry.began_us or nil
  end
end

-- Whether the existing entry is newer: its load began later. Without a trailer that is not known; then it counts as newer if
-- the put has lost its lease, since there was no entry when the lease was given. Promise: later-load-wins.
local function is_older(hash, token, extras)
  if token == '' then
    return false
  end
  if began[hash] then
    return began[hash] > tonumber(token)
  end
  return unknown[hash] and extras.asker and not holds_lease(hash, extras.asker)
end

if not make_room(0, 0) then -- the bounds were lowered
  return send_again(count > 1 and 3 or 6)
end

local NOTHING = {}
local before = entries > 0 and stored_before() or NOTHING
local reply, hashes, tagged, new, used = { 0, 0, 0, 0, 0, 0 }, {}, {}, {}, {}

-- Whether too much may have to be evicted for several entries at once. Those that would be refused are counted as well.
local function exceeds_piece()
  local seen, more, more_bytes = {}, 0, 0
  for i = 6, 6 * count, 6 do
    local hash = ARGV[i]
    local is_new = not (before[hash] or seen[hash])
    more, more_bytes = more + (is_new and 1 or 0), more_bytes + #ARGV[i + 1] - #(before[hash] or '')
    seen[hash] = true
  end
  local wanted = victims_for(more, math.max(0, more_bytes))
  if prepare_eviction and wanted > 0 and not prepare_eviction(wanted) then
    return true
  end
  return wanted > (few or PIECE + count)
end

-- Without these, no more entries are evicted than are stored.
local may_exceed = count > 1 and entries > 0 and (prepare_eviction or few or max_bytes > 0)
if may_exceed and exceeds_piece() then
  return send_again(3)
end

-- Makes room for a single entry, before anything of it is stored. Returns what to reply if it does not fit yet.
local is_touched = false
local function make_room_for(hash, length, is_there, was_touched)
  if not is_there then
    return not make_room(1, length) and 6
  end
  is_touched = was_touched
  local growth = weighing and weighing.growth(hash, length) or 0
  if growth <= 0 or weighing.has_room(growth) then
    return false
  end
  if not is_touched then
    touch({ hash })
    is_touched = true
  end
  return not make_room(0, growth, hash) and 7
end

local leases_to_end, overruled = {}, {}
for i = 6, 6 * count, 6 do
  local hash, value, label, times, token = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3], ARGV[i + 4]
  local extras = ARGV[i + 5] == '' and NOTHING or cjson.decode(ARGV[i + 5])
  local is_there = before[hash] and true or false
  if is_there and before[hash] ~= true then
    read_existing(hash, before[hash], label)
    if weighing then
      weighing.existing(hash, #before[hash])
    end
    before[hash] = true -- it was read
  end
  local code = (is_invalidated(hash, token, extras) or is_older(hash, token, extras)) and 0 or 1
  local has_trailer = label ~= '' and trailers_ms > 0 and not extras.tags and not extras.room
  if has_trailer and not keeps_trailers then
    value, has_trailer = without_trailer(value, label, token, trailers_ms, times), false
  end
  if code == 1 and label ~= '' and not has_trailer then
    local generation = extras.tags and tags_generation()
    value = with_trailer(value, label, token == '' and digits(at_us) or token, stored_ms, times, generation)
  end
  local length = #value + (extras.room or 0)
  if code == 1 and extras.ifRoom and not (before[hash] or lives[hash]) then
    local has_room = max_size == 0 or entries + #new < max_size
    code = has_room and (not weighing or weighing.has_room(length)) and 1 or 4
  end
  if code == 1 and max_bytes > 0 and length > max_bytes then
    code, before[hash] = 5, false
    weighing.drop_for_larger(hash)
  end
  if code == 1 and costs then
    costs[hash], sizes[hash] = extras.cost or math.max(1, times:match('^%d+')), length
  end
  local again = code == 1 and count == 1 and make_room_for(hash, length, is_there, extras.touched)
  if code == 1 and (again or extras.room) then
    return send_again(again or 8)
  end
  if code == 1 then
    if not lives[hash] then
      -- Also a new one: after a failover others may hold an entry that the server has lost, and nothing else would tell them.
      tell('entries', { hash })
    end
    local is_new = redis.call('HSET', values, hash, value) == 1
    if entries == 0 and not created_values then
      created_values = true
      start_life(idle_ttl_ms)
    end
    began[hash], unknown[hash] = tonumber(token) or at_us, nil
    if weighing then
      weighing.stored(hash, #value, is_new)
    end
    if not lives[hash] then -- if one hash comes several times, the last one that is stored counts
      local list = is_new and new or used
      list[#list + 1] = hash
      hashes[#hashes + 1] = hash
    end
    lives[hash], tagged[hash] = times:match(' (%S+)$') or '-', extras.tags
  end
  -- Also if it is refused, because a newer entry is there: that one may be evicted, and the older loads are still to be refused.
  -- Promise: known-stays.
  if extras.overrules then
    -- A token to come was taken before the clock was set back: it must not refuse what begins from now on.
    raise_fence('h:', { hash }, math.min(tonumber(token) or at_us, at_us))
    wrote(fence)
    overruled[#overruled + 1] = hash
  end
  if extras.asker then
    leases_to_end[#leases_to_end + 1] = { hash, extras.asker }
  end
  reply[#reply + 1] = code
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
    ends[#ends + 1], ends[#ends + 2] = digits(stored_ms + lives[hash]), hash
  end
  if tagged[hash] then
    tag(hash, tagged[hash])
  end
end
set_all(expiry, 'ZADD', ends, 'ZREM', endless)
if #used > 0 then
  if not is_touched then
    touch(used)
  end
  if weighing then
    weighing.fit_replaced(lives, 0, math.huge)
  end
end
insert_all(new)
for i = 1, evicted_again and count or 0 do
  if reply[6 + i] == 1 and evicted_again[ARGV[6 * i]] then
    reply[6 + i] = 2
  end
end
for i = 1, #leases_to_end do
  end_own_lease(unpack(leases_to_end[i]))
end
end_leases(overruled)
return finish(reply)
