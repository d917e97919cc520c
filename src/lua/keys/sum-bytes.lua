-- Sums the bytes that are stored for entries: the sum that is kept, or else a portion of them at a time.
-- KEYS: 1 values, 2 bytes
-- ARGV: 1 where to go on ('0' at first)
-- Reply: bytes of this portion, where to go on ('0' at the end)
if ARGV[1] == '0' and redis.call('EXISTS', KEYS[1]) == 1 then -- the values may have been lost
  local kept = redis.call('GET', KEYS[2])
  if kept then
    return { kept, '0' }
  end
end
-- Redis has NOVALUES since 7.4, Valkey since 8.0. Older servers reply with the values too, so fewer are asked for at a time.
local scanned, step = redis.pcall('HSCAN', KEYS[1], ARGV[1], 'COUNT', 1000, 'NOVALUES'), 1
if scanned.err then
  scanned, step = redis.call('HSCAN', KEYS[1], ARGV[1], 'COUNT', 100), 2
end
local sum = 0
for i = 1, #scanned[2], step do
  sum = sum + redis.call('HSTRLEN', KEYS[1], scanned[2][i])
end
return { string.format('%.0f', sum), scanned[1] }
