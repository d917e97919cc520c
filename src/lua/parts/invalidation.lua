-- What is invalidated leaves, or grows stale; and whoever waits for a load that began before need wait no longer.

-- Ends leases, so that the next call computes at once.
local function end_leases(hashes)
  for i = 1, #hashes do
    end_lease(hashes[i])
  end
end

-- An entry with a time of grace is stale from now on, and gone when that has passed; the others are removed. Returns how
-- many there were.
local function soften(hashes)
  local at_ms, doomed, kept = now_ms(), {}, 0
  for i = 1, #hashes do
    local hash = hashes[i]
    local until_ms, rest = fresh_until(hash)
    local ends_ms = until_ms and redis.call('ZSCORE', expiry, hash)
    if not ends_ms then
      doomed[#doomed + 1] = hash
    else
      kept = kept + 1
      if until_ms > at_ms then
        redis.call('HSET', fresh, hash, digits(at_ms) .. rest)
        redis.call('ZADD', expiry, digits(ends_ms - (until_ms - at_ms)), hash)
      end
    end
  end
  return kept + (#doomed > 0 and discard(doomed) or 0)
end

-- Invalidates entries. Returns how many there were.
local function drop(hashes, is_soft)
  if #hashes == 0 then
    return 0
  end
  end_leases(hashes)
  return is_soft and soften(hashes) or discard(hashes)
end
