-- Lets the key of the leases live at least twice as long as a new lease.
local function prolong_leases(lease_us)
  if redis.call('PTTL', leases) < 2 * lease_us / 1000 then
    redis.call('PEXPIRE', leases, digits(3 * lease_us / 1000))
  end
end
