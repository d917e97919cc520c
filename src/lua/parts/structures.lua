-- Which of the keys beside index and values exist. Most often none does, and one command tells.
local existing
local function exists(key)
  if not existing then
    existing = {}
    if redis.call('EXISTS', expiry, fence, tags) > 0 then
      for _, each in ipairs({ expiry, fence, tags }) do
        existing[each] = redis.call('EXISTS', each) == 1
      end
    end
  end
  return existing[key]
end

-- The keys that this script has written to: a write may have created them.
local written = {}
local function wrote(key)
  exists(key)
  existing[key] = true
  written[key] = true
end
