-- Removes all entries, and keeps loads that are under way from storing theirs.
-- KEYS: 1 index, 2 values, 3 expiry, 4 fence, then the policy's own structures
-- ARGV: the policy's own arguments
-- Reply: number of entries removed, the expired ones not counted
-- uses: entries
ext = ARGV
local at_us = now_us()
local expired = redis.call('ZCOUNT', expiry, '-inf', math.floor(at_us / 1000))
local live = math.max(0, redis.call('HLEN', values) - expired) -- the expiry may outlive values that `maxmemory` took
discard_all()
redis.call('UNLINK', fence)
raise_fence({ '' }, digits(at_us))
return live
