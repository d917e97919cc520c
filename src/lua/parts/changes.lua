-- The log of changes: which entries were removed or replaced, for processes that hold copies of some. It exists only while one
-- listens (`listen`). Its members are messages, whose scores are their numbers; '', whose score is the number of the last
-- message; and `tags`, if the index of tags has existed since the log begins.
--
-- A message is its number, the number of the message before it, and for each name a space, the kind, the length, a colon and
-- the name. The kind is `h` for the hash of an entry, or `f` for all entries whose hashes begin with the name. A message
-- about all entries ends with ` *` instead.
local MESSAGE_NAMES, MESSAGE_BYTES, NAMES_LIMIT = 100, 4000, 1000

-- A log with long messages holds fewer of them, so that it stays below about 2 MB.
local LOG_LIMIT, LONG_MESSAGE_BYTES, LONG_LOG_LIMIT = 2000, 400, 250

-- A number that is so much later than now was given before the clock was set back.
local AHEAD_US = 1000000

local last_change -- the number of the last message; false if there is no log; nil if that is not known yet
local told, told_part, tells_all = {}, nil, false
local is_telling, knew_tags = false, false

local function drop_log()
  redis.call('UNLINK', changes)
  last_change = false
end

local function last_number()
  if last_change == nil then
    last_change = exists(changes) and tonumber(redis.pcall('ZSCORE', changes, '')) or false
    if exists(changes) and not last_change then
      drop_log()
    end
  end
  return last_change
end

-- Takes the number out of the log until the script ends. If the script fails half-way, the log has no number, and no process
-- takes what it holds for right.
local function begin_telling()
  if not is_telling and last_number() then
    is_telling = true
    local removed = tonumber(redis.pcall('ZREM', changes, '', 'tags'))
    knew_tags = removed == 2
    if not removed then
      drop_log()
    end
  end
  return last_number()
end

-- Tells that entries are removed or replaced. It is called before they are.
local function tell(kind, names)
  if #names == 0 or not begin_telling() then
    return
  end
  for i = 1, #names do
    local name = names[i]
    if not told_part or name:sub(1, #told_part) ~= told_part then
      local text = ' ' .. kind .. #name .. ':' .. name
      tells_all = tells_all or #told == NAMES_LIMIT or #text > MESSAGE_BYTES
      told[#told + 1] = not tells_all and text or nil
    end
  end
end

-- Tells that all entries whose hashes begin with `part` are removed or replaced. None of them is told by itself then.
local function tell_function(part)
  tell('f', { part })
  told_part = part
end

-- Tells that all entries are removed.
local function tell_all()
  tells_all = begin_telling() and true
end

-- Tells that the index of tags does not exist. If it has existed, it was lost: nobody knows which entries have which tags.
local function tell_no_tags()
  if begin_telling() and knew_tags then
    tells_all = true
  end
end

-- The names of each message.
local function portions()
  if tells_all then
    return { ' *' }
  end
  local all, names, bytes = {}, {}, 0
  for i = 1, #told do
    if #names == MESSAGE_NAMES or bytes + #told[i] > MESSAGE_BYTES then
      all[#all + 1] = table.concat(names)
      names, bytes = {}, 0
    end
    names[#names + 1] = told[i]
    bytes = bytes + #told[i]
  end
  all[#all + 1] = #names > 0 and table.concat(names) or nil
  return all
end

-- The number after `last`. While the clock is behind it, the step is random: after a failover that has lost messages, no other
-- message must get the number of a lost one.
local function number_after(last)
  local at_us = now_us()
  if last < at_us then
    return at_us
  end
  local step = last - at_us > AHEAD_US and tonumber(redis.sha1hex(nonce):sub(1, 5), 16) or 0
  return last + 1 + step
end

-- Writes the messages, and gives the log its number back. Returns whether that was possible.
local function write_log(messages, longest, keeps_tags)
  local scored = { digits(last_change), '' }
  for i = 1, #messages do
    scored[#scored + 1], scored[#scored + 2] = messages[i]:match('^%d+'), messages[i]
  end
  if keeps_tags then
    scored[#scored + 1], scored[#scored + 2] = '+inf', 'tags'
  end
  if not tonumber(redis.pcall('ZADD', changes, unpack(scored))) then
    return false
  end
  local limit = longest > LONG_MESSAGE_BYTES and LONG_LOG_LIMIT or LOG_LIMIT
  return #messages == 0 or tonumber(redis.pcall('ZREMRANGEBYRANK', changes, 0, -limit - 3))
end

-- Writes what was told to the log, and publishes it. Returns the number of the last change; 0 if there is no log. Where the user
-- may not publish, or a message is lost, listeners find it in the log.
local function end_telling()
  if not last_number() then
    return 0
  end
  if not is_telling then
    return last_change
  end
  local messages, longest = {}, 0
  for i, names in ipairs(portions()) do
    local number = number_after(last_change)
    messages[i] = digits(number) .. ' ' .. digits(last_change) .. names
    last_change, longest = number, math.max(longest, #names)
  end
  if not write_log(messages, longest, exists(tags) or (knew_tags and not tells_all)) then
    drop_log()
    return 0
  end
  for i = 1, #messages do
    redis.pcall('PUBLISH', changes, messages[i])
  end
  return last_change
end
