-- The idle TTL: the keys of a partition live for `idle_ttl_ms` after the last use (0: for ever). Their life is prolonged when a
-- tenth of it has passed, and never shortened: a process that needs a longer one may have set it. Fence, leases and changes
-- have TTLs of their own. `created_values`: this script has created the key of the values; `was_empty`: the partition had no entry
-- at some time in the script.
local function prolong_keys(idle_ttl_ms, created_values, was_empty)
  local left_ms = redis.call('PTTL', values)
  if left_ms == -1 and not created_values then
    return
  end
  local renew = left_ms < 0 or left_ms < 0.9 * idle_ttl_ms
  for i = 1, #KEYS do
    local key = KEYS[i]
    -- A key that this script may have created has no TTL yet: it gets that of the values.
    local may_be_new = was_empty or written[key] or i > FIXED_KEYS
    if key ~= fence and key ~= leases and key ~= changes then
      if idle_ttl_ms == 0 then
        redis.call('PERSIST', key)
      elseif renew or (may_be_new and redis.call('PTTL', key) == -1) then
        redis.call('PEXPIRE', key, renew and idle_ttl_ms or left_ms)
      end
    end
  end
end
