-- The key of the leases lives for as long as any of them, and is prolonged in good time.
local function keep_leases(lease_us)
  if redis.call('PTTL', leases) < 2 * lease_us / 1000 then
    redis.call('PEXPIRE', leases, digits(3 * lease_us / 1000))
  end
end
