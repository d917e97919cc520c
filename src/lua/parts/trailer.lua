-- The trailer: the metadata of an entry, as the last line of what is stored. `stores/trailer.ts` describes its fields.
local LONGEST_TRAILER = 160

-- The metadata in the trailer of a stored value; nil if it has no trailer.
local function read_trailer(stored)
  local label, began, later, compute, times, generation =
    stored:sub(-LONGEST_TRAILER):match('\n(1 %S+ %S+) (%d+) (%-?%d+) (%d+)([%d %-]*)t?(%d*)$')
  if not label then
    return nil
  end
  local began_us = tonumber(began)
  local entry = { label = label, began = began, compute = compute, generation = generation, began_us = began_us }
  entry.stored_ms = math.floor(began_us / 1000) + later
  local fresh, life = times:match('^ (%d+) ?([%d%-]*)')
  if fresh then
    entry.fresh_until_ms = entry.stored_ms + fresh
    if life ~= '-' then
      entry.ends_ms = entry.stored_ms + (life:match('^%d+') or fresh) -- never an error, whatever was written by hand
    end
  end
  return entry
end

-- A value with the trailer of an entry that is stored at `stored_ms`. `times`: how long its function took, for how long it is fresh
-- and for how long it lives, in milliseconds; the last two only if it ends. Made in one piece: Redis's Lua digests every byte of each
-- text that it makes.
local function with_trailer(value, label, began, stored_ms, times, generation)
  local later = digits(stored_ms - math.floor(began / 1000))
  local mark = generation and generation ~= '' and ' t' .. generation or ''
  return value .. '\n' .. label .. ' ' .. began .. ' ' .. later .. ' ' .. times .. mark
end

-- A value without the trailer with which it came, that of an entry without tags that is stored at `stored_ms`.
local function without_trailer(value, label, began, stored_ms, times)
  return value:sub(1, #value - #with_trailer('', label, began, stored_ms, times))
end
