-- Ends a lease, and publishes that to the processes that wait for it. Where the user may not publish, nobody subscribes:
-- the processes then ask from time to time.
local function end_lease(hash)
  if redis.call('ZREM', leases, hash) == 1 then
    redis.pcall('PUBLISH', leases, hash)
  end
end

local function end_leases(hashes)
  for i = 1, #hashes do
    end_lease(hashes[i])
  end
end

-- Whether the lease of that name is still there. If the caller has lost it, another process may hold one for the same hash.
local function holds_lease(hash, name)
  return tonumber(redis.call('ZSCORE', leases, hash) or 0) == name
end

-- Ends the lease of that name, and none of another process.
local function end_own_lease(hash, name)
  if holds_lease(hash, name) then
    end_lease(hash)
  end
end
