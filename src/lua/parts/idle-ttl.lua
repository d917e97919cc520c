-- The idle TTL: the keys of a partition live for `idle_ttl_ms` after the last use (0: for ever). Their life is prolonged when a
-- tenth of it has passed, and never shortened: a process that needs a longer one may have set it. Fence, leases and changes
-- have TTLs of their own. `was_empty`: the partition had no entry at some time in the script.
local function prolong_keys(idle_ttl_ms, was_empty)
  local left_ms = redis.call('PTTL', values)
  if left_ms == -1 then
    return
  end
  local renew = left_ms < 0.9 * idle_ttl_ms
  -- If not, an earlier script has failed after it created the index, as at a foreign key, and other keys may have no TTL either.
  -- Where all keys are renewed, that makes no difference.
  local is_whole = renew or redis.call('PTTL', index) ~= -1
  for i = 1, #KEYS do
    local key = KEYS[i]
    -- A key that this script may have created has no TTL yet: it gets that of the values.
    local may_be_new = was_empty or not is_whole or written[key] or i > FIXED_KEYS
    if key ~= fence and key ~= leases and key ~= changes then
      if idle_ttl_ms == 0 then
        redis.call('PERSIST', key)
      elseif renew or (may_be_new and redis.call('PTTL', key) == -1) then
        redis.call('PEXPIRE', key, renew and idle_ttl_ms or left_ms)
      end
    end
  end
end

-- Gives the values their TTL as soon as they are created: if the script fails after that, nothing stays for ever. Without a TTL of
-- the values, no later script would give one to the other keys.
local function start_life(idle_ttl_ms)
  if idle_ttl_ms > 0 then
    redis.call('PEXPIRE', values, idle_ttl_ms)
  end
end
