-- Which of the keys beside index and values exist. Most often one does or none: two commands tell, or one.
local BESIDE = { expiry, fence, tags, changes }
local existing
local function exists(key)
  if not existing then
    -- The key of the bytes is named five times, so that the count tells whether it is among those that exist.
    local left = redis.call('EXISTS', bytes, bytes, bytes, bytes, bytes, unpack(BESIDE))
    existing = { [bytes] = left > #BESIDE or nil }
    left = left % 5
    for i = 1, #BESIDE do
      if left > #BESIDE - i or (left > 0 and redis.call('EXISTS', BESIDE[i]) == 1) then
        existing[BESIDE[i]] = true
        left = left - 1
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
