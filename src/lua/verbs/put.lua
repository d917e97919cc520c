-- Stores results; while the cache is full, those leave whom the policy names.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, then the policy's own structures
-- ARGV: 1 max_size (0: unbounded), 2 ttl_ms of the structure (0: none), 3 sliding (1 or 0), 4 count,
--       then for each entry: hash, value, its own ttl_ms (empty: none), token (empty: stored in any case),
--       then the policy's own arguments
-- Reply: the moment in microseconds, number evicted, number expired, then for each entry 1 (stored) or 0 (refused:
--       invalidated since its token)
-- uses: entries
local max_size, ttl_ms, sliding, count = tonumber(ARGV[1]), tonumber(ARGV[2]), ARGV[3] == '1', tonumber(ARGV[4])
ext = slice(ARGV, 5 + 4 * count, #ARGV)

local at_us = now_us()
local at_ms = math.floor(at_us / 1000)

heal()
local expired = sweep(at_ms)
local fenced = redis.call('EXISTS', fence) == 1
local evicted = 0

local function is_refused(hash, token)
  if token == '' then
    return false
  end
  token = tonumber(token)
  if at_us - token >= FENCE_TTL_US then
    return true
  end
  local newest = fenced and redis.call('ZMSCORE', fence, '', 'h:' .. hash) or {}
  return tonumber(newest[1] or 0) >= token or tonumber(newest[2] or 0) >= token
end

local held = size()

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
    evicted = evicted + #victims
    excess = excess - #victims
  end
end

local function store(hash, value, entry_ttl_ms)
  if redis.call('HSET', values, hash, value) == 1 then
    make_room(1)
    insert(hash)
    held = held + 1
  else
    touch({ hash })
  end
  set_expiry(hash, entry_ttl_ms ~= '' and at_ms + entry_ttl_ms or nil)
end

make_room(0) -- the bound may have been lowered

local reply = { 0, 0, 0 }
for i = 5, 4 * count + 1, 4 do
  local hash, value, entry_ttl_ms, token = ARGV[i], ARGV[i + 1], ARGV[i + 2], ARGV[i + 3]
  local refused = is_refused(hash, token)
  if not refused then
    store(hash, value, entry_ttl_ms)
  end
  reply[#reply + 1] = refused and 0 or 1
end
reply[2], reply[3] = evicted, expired

-- A sliding TTL is renewed when a tenth of it has run down. What was just created beside the values joins theirs: the
-- expiry, or an index that was emptied on the way.
local function keep()
  if ttl_ms == 0 then
    return
  end
  local left_ms = redis.call('PTTL', values)
  local renew = left_ms < 0 or (sliding and left_ms < 0.9 * ttl_ms)
  for i = 1, #KEYS do
    if i ~= 4 and (renew or redis.call('PTTL', KEYS[i]) == -1) then
      redis.call('PEXPIRE', KEYS[i], renew and ttl_ms or left_ms)
    end
  end
end

keep()
reply[1] = now_us()
return reply
