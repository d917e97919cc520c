-- Whether the asker still has its lease. If it has lost it, another process may hold one for the same hash.
local function holds_lease(hash, asker)
  local until_us, is_own = lease_of(hash, asker)
  return until_us ~= nil and is_own
end

-- Ends the lease of that asker, and none of another process.
local function end_own_lease(hash, asker)
  if holds_lease(hash, asker) then
    end_lease(hash)
    redis.call('ZREM', leases, own_name(hash, asker))
  end
end
