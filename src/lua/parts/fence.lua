-- The fence records what was invalidated and when, so that no load that began before can store its result after. Its
-- members are `h:<hash>` for an entry, `f:<part>` for a function (the part of its call hashes that tells the function) and
-- `t:<tag>` for a tag. The member '' is the floor: everything counts as invalidated at that time. The floor rises when the
-- fence is trimmed.
local FENCE_LIMIT = 10000
local FENCE_TTL_US = 86400000000

-- GT: no score becomes lower, even if the clock is set back.
local function raise_fence(kind, names, since_us)
  local scores, at_us = {}, digits(since_us or now_us())
  for i = 1, #names do
    scores[2 * i - 1] = at_us
    scores[2 * i] = kind .. names[i]
  end
  -- Removes nothing: a server that is full lets a script add only if its first write was a removal.
  redis.call('ZREMRANGEBYSCORE', fence, '-inf', '-1')
  redis.call('ZADD', fence, 'GT', unpack(scores))
  local excess = redis.call('ZCARD', fence) - FENCE_LIMIT
  if excess > 0 then
    local popped = redis.call('ZPOPMIN', fence, excess)
    redis.call('ZADD', fence, 'GT', popped[#popped], '')
  end
  redis.call('PEXPIRE', fence, digits(FENCE_TTL_US / 1000))
end
