-- Removes invalidated entries or makes them stale, and ends their leases: nobody needs to wait for a load that began before.

-- Makes an entry stale from now on. Its grace period keeps its length, so the entry ends sooner. An entry that was stored
-- later than now was stored before the clock was set back: its times are then counted from now. Promise: soft-is-stale.
local function make_stale(hash, stored, entry)
  local at_ms = now_ms()
  local stored_ms = math.min(entry.stored_ms, at_ms)
  local ends_ms = math.max(stored_ms, entry.ends_ms - (entry.fresh_until_ms - at_ms))
  local fresh, life = digits(at_ms - stored_ms), digits(ends_ms - stored_ms)
  local times = entry.compute .. ' ' .. fresh .. ' ' .. life
  local value = stored:match('^(.*)\n')
  local stale = with_trailer(value, entry.label, entry.began, stored_ms, times, entry.generation)
  redis.call('HSET', values, hash, stale)
  add_bytes(#stale - #stored)
  redis.call('ZADD', expiry, digits(ends_ms), hash)
  wrote(expiry)
end

-- Makes entries with a grace period stale, and removes the others. Returns how many of the entries existed.
local function soften(hashes)
  local all, without_grace, kept = redis.call('HMGET', values, unpack(hashes)), {}, 0
  for i = 1, #hashes do
    local entry = all[i] and read_trailer(all[i])
    if not entry or not entry.ends_ms or entry.ends_ms == entry.fresh_until_ms then
      without_grace[#without_grace + 1] = hashes[i]
    else
      kept = kept + 1
      tell('entries', { hashes[i] }) -- also if it is stale: after a failover, others may hold a later one
      if entry.fresh_until_ms > now_ms() then
        make_stale(hashes[i], all[i], entry)
      end
    end
  end
  return kept + (#without_grace > 0 and discard(without_grace) or 0)
end

-- Each hash once: the bytes of an entry are to be counted once.
local function distinct(hashes)
  local seen, once = {}, {}
  for i = 1, #hashes do
    local hash = hashes[i]
    once[#once + 1] = not seen[hash] and hash or nil
    seen[hash] = true
  end
  return once
end

-- Invalidates entries. Returns how many of them existed.
local function invalidate_entries(named, is_soft)
  local hashes = distinct(named)
  if #hashes == 0 then
    return 0
  end
  end_leases(hashes)
  return is_soft and soften(hashes) or discard(hashes)
end
