-- Ends a lease, and publishes that to the processes that wait for it. Where the user may not publish, nobody subscribes:
-- the processes then ask from time to time.
local function end_lease(hash)
  if redis.call('ZREM', leases, hash) == 1 then
    redis.pcall('PUBLISH', leases, hash)
  end
end

-- Ends the lease of that name. If the caller has lost it, another process may hold one for the same hash: that one stays.
local function end_own_lease(hash, name)
  if tonumber(redis.call('ZSCORE', leases, hash) or 0) == name then
    end_lease(hash)
  end
end
