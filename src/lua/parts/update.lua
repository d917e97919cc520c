-- For policies whose entries get a new score by the one that they have.

-- Gives each entry the score that `next_score(score, i)` makes of its score; nil leaves it as it is. An entry may come more than
-- once. XX: one that was evicted meanwhile is not added.
local function update(hashes, next_score)
  local scores, known, changed = redis.call('ZMSCORE', index, unpack(hashes)), {}, {}
  for i = 1, #hashes do
    local hash = hashes[i]
    local score = known[hash] or tonumber(scores[i])
    local new = score and next_score(score, i)
    if new then
      known[hash] = new
      changed[#changed + 1], changed[#changed + 2] = digits(new), hash
    end
  end
  if #changed > 0 then
    redis.call('ZADD', index, 'XX', unpack(changed))
  end
end
