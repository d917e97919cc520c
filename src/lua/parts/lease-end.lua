-- Ends a lease, and publishes that to the processes that wait for it. Where the user may not publish, or a message is lost, they
-- ask from time to time.
local function end_lease(hash)
  if redis.call('ZREM', leases, hash) == 1 then
    publish(leases, hash)
  end
end

local function end_leases(hashes)
  for i = 1, #hashes do
    end_lease(hashes[i])
  end
end
