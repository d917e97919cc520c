-- The beginning of every script: the names of its keys, the server's clock, and how many items one command may have.
local index, values, expiry, fence = KEYS[1], KEYS[2], KEYS[3], KEYS[4]
local tags, leases, changes, bytes = KEYS[5], KEYS[6], KEYS[7], KEYS[8]

-- The number of keys that every partition has; the policy's own come after them.
local FIXED_KEYS = 8

-- `unpack` fails at 8,000 results, and some hosts allow 3,999 arguments a command.
local CHUNK = 1000

-- How many entries one script removes or moves besides those that it was given: so it holds the server for a millisecond at most.
local FEW_ENTRIES = 100

-- The last argument comes back with the reply, so that the caller knows it for the reply to this very command. The one before it
-- is the command that publishes messages.
local nonce, publishing = table.remove(ARGV), table.remove(ARGV)
local function answer(reply)
  return { nonce, reply }
end

-- The arguments that the policy's calcExtArgs returned: they follow the verb's own.
local ext = {}
local function read_ext(first)
  for i = first, #ARGV do
    ext[i - first + 1] = ARGV[i]
  end
end

-- The n-th structure that the policy keeps beside its index.
local function structure(n)
  return KEYS[FIXED_KEYS + n]
end

-- Whole numbers go to commands as text: a Lua number would be printed with %.17g, slowly; '%.0f' is slow, too.
local function digits(number)
  return string.format('%d', number)
end

-- By hash, the cost and the bytes of the results that a put has stored. Tables only for a policy that asks for them.
local costs, sizes

local function slice(list, first, last)
  return { unpack(list, first, last) }
end

-- The time of this script, in microseconds. It is read once, so that everything the script does happens at the same time. A
-- policy that orders by the clock moves it ahead to the highest score it has given.
local moment_us
local function now_us()
  if not moment_us then
    local time = redis.call('TIME')
    moment_us = time[1] * 1000000 + time[2]
  end
  return moment_us
end

local function now_ms()
  return math.floor(now_us() / 1000)
end

local function move_moment(at_us)
  moment_us = at_us
  return at_us
end
