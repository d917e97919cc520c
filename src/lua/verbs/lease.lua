-- Gives one process at a time the right to load an entry, unless there is a usable entry by now. Promise: one-load.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 lease_ms, 2 count, then for each: hash, the end of freshness of the entry that the caller found unusable (empty: it found none),
--       the asker, which is the name of the lease
-- Reply: the moment in microseconds, then for each: 0 (an entry is available) or 1 (leased to the asker, now or before) or
--        2 (leased to another), and until when in microseconds
-- uses: trailer lease-name lease-expiry
local lease_us, count = ARGV[1] * 1000, tonumber(ARGV[2])
local at_us = now_us()
local at_ms = now_ms()

-- Whether there is an entry that is alive and fresh. If the caller has found one that is unusable: another than that one.
local function is_available(hash, seen)
  local stored = redis.call('HGET', values, hash)
  if not stored then
    return false
  end
  local entry = read_trailer(stored)
  if entry and entry.ends_ms and entry.ends_ms <= at_ms then
    return false
  end
  local until_ms = entry and entry.fresh_until_ms
  if seen ~= '' and (until_ms == nil or until_ms == tonumber(seen)) then
    return false
  end
  return until_ms == nil or until_ms > at_ms
end

redis.call('ZREMRANGEBYSCORE', leases, '-inf', digits(at_us))
local reply, has_taken = { at_us }, false
for i = 3, 3 * count, 3 do
  local hash, seen, asker = ARGV[i], ARGV[i + 1], ARGV[i + 2]
  local state, until_us = 0, 0
  if not is_available(hash, seen) then
    local held_us, is_own = lease_of(hash, asker)
    if held_us and not is_own then
      state, until_us = 2, held_us
    else -- an asker that asks again did not get the reply to its first request
      state, until_us = 1, at_us + lease_us
      set_lease(hash, asker, until_us)
      has_taken = true
    end
  end
  reply[#reply + 1] = state
  reply[#reply + 1] = until_us
end
if has_taken then
  prolong_leases(lease_us)
end
return answer(reply)
