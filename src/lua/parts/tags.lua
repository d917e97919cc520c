-- The index of tags: one sorted set holds it in both directions, so that no half of it can be lost. Its members are
-- `h<length>:<hash>=<tag>` and `t<length>:<tag>=<hash>`; the length tells a name from a longer one that begins alike.
-- The member `g<generation>` names the set itself: the trailer of an entry with tags repeats the generation, and a reader
-- compares the two. A set that was lost is replaced by one with another generation, so that entries which the new set does
-- not know are recognized. Promise: tags-reach-all.
local function prefix_of(kind, name)
  return kind .. #name .. ':' .. name .. '='
end

-- What follows a prefix in the members of the set, at most `limit` of them; only those behind `last_seen`, if given.
local function suffixes_of(prefix, limit, last_seen)
  local first = last_seen and '(' .. prefix .. last_seen or '[' .. prefix
  local last = '(' .. prefix:sub(1, -2) .. '>' -- the character after '='
  local members = redis.call('ZRANGEBYLEX', tags, first, last, 'LIMIT', 0, limit)
  for i = 1, #members do
    members[i] = members[i]:sub(#prefix + 1)
  end
  return members
end

-- Removes all tags of entries.
local function untag(hashes)
  for i = 1, #hashes do
    local own = prefix_of('h', hashes[i])
    repeat
      local names, members = suffixes_of(own, CHUNK), {}
      for j = 1, #names do
        members[2 * j - 1] = own .. names[j]
        members[2 * j] = prefix_of('t', names[j]) .. hashes[i]
      end
      if #members > 0 then
        redis.call('ZREM', tags, unpack(members))
      end
    until #names < CHUNK
  end
end

-- Adds tags to an entry that has none.
local function tag(hash, names)
  local own, members = prefix_of('h', hash), {}
  for i = 1, #names do
    local at = #members
    members[at + 1], members[at + 2] = '0', own .. names[i]
    members[at + 3], members[at + 4] = '0', prefix_of('t', names[i]) .. hash
  end
  if #members > 0 then
    redis.call('ZADD', tags, unpack(members))
  end
end

-- The generation of the set of tags; a set that does not exist is created. Nine digits of the time are enough to tell a
-- set from the one before it.
local generation
local function tags_generation()
  if not generation then
    local found = redis.call('ZRANGEBYLEX', tags, '[g', '(h', 'LIMIT', 0, 1)[1]
    generation = found and found:sub(2) or digits(now_us() % 1000000000)
    if not found then
      tell('no_tags')
      redis.call('ZADD', tags, '0', 'g' .. generation)
      wrote(tags)
    end
  end
  return generation
end
