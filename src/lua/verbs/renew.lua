-- Prolongs leases.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 lease_ms, 2 count, then for each: hash, the asker
-- Reply: for each 1, or 0 if it was lost
-- uses: publish lease-name lease-end lease-own lease-expiry
local lease_us, count = ARGV[1] * 1000, tonumber(ARGV[2])
local reply = {}
for i = 3, 2 * count + 1, 2 do
  local hash, asker = ARGV[i], ARGV[i + 1]
  local is_held = holds_lease(hash, asker)
  if is_held then
    set_lease(hash, asker, now_us() + lease_us)
  end
  reply[#reply + 1] = is_held and 1 or 0
end
prolong_leases(lease_us)
return answer(reply)
