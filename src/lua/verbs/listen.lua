-- Lets the log of changes exist for some time, and tells what has changed.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, 5 tags, 6 leases, 7 changes, 8 bytes, then the policy's own structures
-- ARGV: 1 ttl_ms of the log, 2 the number of the last change that the caller knows (empty: none)
-- Reply: the number of the last change, 1 if the partition has entries or 0, 1 if the log has the change that the caller knows or 0,
--        and the list of messages after that change, if the log has it; one of them may be empty
local ttl_ms, heard = tonumber(ARGV[1]), ARGV[2]

-- A new log begins with a message that names nothing, so that its number is found again. The log may be a key of another type, or
-- have no number: it is removed. That also lets a server that is full accept the new one.
local function begin_log()
  local number = now_us()
  local begin = { digits(number), digits(number) .. ' 0', digits(number), '' }
  if redis.call('EXISTS', tags) == 1 then
    begin[5], begin[6] = '+inf', 'tags'
  end
  redis.call('UNLINK', changes)
  redis.call('ZADD', changes, unpack(begin))
  return number
end

local number = tonumber(redis.pcall('ZSCORE', changes, ''))
local messages, is_whole = {}, 0
if not number then
  number = begin_log()
elseif heard ~= '' then
  -- The message itself, and '' if it is the last one.
  local known = redis.call('ZRANGEBYSCORE', changes, heard, heard)
  if known[1] and known[#known] ~= '' then
    messages, is_whole = redis.call('ZRANGEBYSCORE', changes, '(' .. heard, '(+inf'), 1
  end
end
if redis.call('PTTL', changes) < ttl_ms then
  redis.call('PEXPIRE', changes, ttl_ms)
end
return answer({ number, redis.call('EXISTS', values), is_whole, messages })
