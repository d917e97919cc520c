-- Ends a lease, and wakes who waits for it: also where the user may not publish, for then nobody listens but asks.
local function end_lease(hash)
  if redis.call('ZREM', leases, hash) == 1 then
    redis.pcall('PUBLISH', leases, hash)
  end
end

-- Ends a lease of the caller's. One that was lost meanwhile is another's.
local function hand_over(hash, name)
  if tonumber(redis.call('ZSCORE', leases, hash) or 0) == name then
    end_lease(hash)
  end
end
