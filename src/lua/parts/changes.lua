-- The log of changes: which entries were removed or replaced, for processes that hold copies of some. It exists only while one
-- listens (`listen`). Promise: near-inclusive. Its members are messages, whose scores are their numbers; '', whose score is the number of the last
-- message; and `tags`, if the index of tags has existed since the log begins.
--
-- A message is its number, the number of the message before it, and for each name a space, the kind, the length, a colon and
-- the name. The kind is `h` for the hash of an entry, or `f` for all entries whose hashes begin with the name. A message
-- about all entries ends with ` *` instead.

-- Opens the log. A script makes its functions anew each time it runs, which takes time: these only where there is a log.
local function open_log()
  local last_change = tonumber(redis.pcall('ZSCORE', changes, ''))
  local told, told_part, tells_all = {}, nil, false
  local is_telling, knew_tags, has_own_number = false, false, false

  -- Without a log no process takes what it holds for right.
  local function drop_log()
    redis.call('UNLINK', changes)
    last_change = nil
  end
  -- The random steps below let numbers run ahead of the clock: after a day of that, the log begins anew, so that numbers stay exact.
  if not last_change or last_change - now_us() > 86400000000 then
    drop_log()
  end

  -- Takes the number out of the log until the script ends. If the script fails half-way, the log has no number, which is as
  -- good as no log.
  local function begin_telling()
    if not is_telling and last_change then
      is_telling = true
      local removed = tonumber(redis.pcall('ZREM', changes, '', 'tags'))
      knew_tags = removed == 2
      if not removed then
        drop_log()
      end
    end
    return last_change ~= nil
  end

  -- At most two thousand names, and none that fits into no message: otherwise everything is told.
  local function add(kind, name)
    local text = ' ' .. kind .. #name .. ':' .. name
    tells_all = tells_all or #told == 2000 or #text > 4000
    told[#told + 1] = not tells_all and text or nil
  end

  -- The names of each message: at most a hundred.
  local function portions()
    if tells_all then
      return { ' *' }
    end
    if #told == 0 and has_own_number then
      return { '' }
    end
    local all, names, bytes = {}, {}, 0
    for i = 1, #told do
      if #names == 100 or bytes + #told[i] > 4000 then
        all[#all + 1] = table.concat(names)
        names, bytes = {}, 0
      end
      names[#names + 1] = told[i]
      bytes = bytes + #told[i]
    end
    all[#all + 1] = #names > 0 and table.concat(names) or nil
    return all
  end

  -- The number after the last one. If that is more than a second later than now, it was given before the clock was set back. Then
  -- the step is random: after a failover that has lost messages, no other message must get the number of a lost one.
  local function next_number()
    local ahead_us = last_change - now_us()
    if ahead_us < 0 then
      return now_us()
    end
    return last_change + 1 + (ahead_us > 1000000 and tonumber(redis.sha1hex(nonce):sub(1, 5), 16) or 0)
  end

  -- Writes the messages, and gives the log its number back. A log with long messages holds fewer of them, so that it stays below
  -- some 2 MB. Returns whether that was possible.
  local function write_log(messages, longest)
    local scored = { digits(last_change), '' }
    for i = 1, #messages do
      scored[#scored + 1], scored[#scored + 2] = messages[i]:match('^%d+'), messages[i]
    end
    if exists(tags) or (knew_tags and not tells_all) then
      scored[#scored + 1], scored[#scored + 2] = '+inf', 'tags'
    end
    if not tonumber(redis.pcall('ZADD', changes, unpack(scored))) then
      return false
    end
    local limit = longest > 400 and 250 or 2000
    return #messages == 0 or tonumber(redis.pcall('ZREMRANGEBYRANK', changes, 0, -limit - 3))
  end

  local log = {}

  function log.entries(hashes)
    if #hashes > 0 and begin_telling() then
      for i = 1, #hashes do
        if not told_part or hashes[i]:sub(1, #told_part) ~= told_part then
          add('h', hashes[i])
        end
      end
    end
  end

  function log.part(part)
    if begin_telling() then
      add('f', part)
      told_part = part
    end
  end

  function log.all()
    tells_all = begin_telling()
  end

  -- A change gets a number even if it names nothing here. After a failover, others may hold an entry that it concerns, and that the
  -- server has lost. By the number they know whether they have heard of the change.
  function log.number()
    has_own_number = begin_telling()
  end

  -- If there was an index of tags before, it was lost: nobody knows which entries have which tags.
  function log.no_tags()
    tells_all = begin_telling() and (knew_tags or tells_all)
  end

  -- Writes what was told, and publishes it. Where the user may not publish, or a message is lost, listeners find it in the log.
  function log.close()
    if not last_change or not is_telling then
      return last_change or 0
    end
    local messages, longest = {}, 0
    for i, names in ipairs(portions()) do
      local number = next_number()
      messages[i] = digits(number) .. ' ' .. digits(last_change) .. names
      last_change, longest = number, math.max(longest, #names)
    end
    if not write_log(messages, longest) then
      drop_log()
      return 0
    end
    for i = 1, #messages do
      publish(changes, messages[i])
    end
    return last_change
  end

  return log
end

local log
local function find_log()
  log = log or (exists(changes) and open_log())
  return log
end

-- Tells what is about to be removed or replaced: `entries` with their hashes, those whose hashes begin with a `part`, or `all`;
-- that there are `no_tags`; or that this change needs a `number`, whatever it names.
local function tell(what, names)
  if find_log() then
    log[what](names)
  end
end

-- Ends what was told. Returns the number of the last change; 0 if there is no log.
local function end_telling()
  return find_log() and log.close() or 0
end
