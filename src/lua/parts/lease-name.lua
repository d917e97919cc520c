-- A lease is two members with the same score, the end of the lease: the call hash, by which it is found, and `=`, the asker, `=` and
-- the call hash. The second one may outlast the first: where others end a lease, its asker is not known.
local function own_name(hash, asker)
  return '=' .. asker .. '=' .. hash
end

-- Until when a hash is leased (nil: it is not), and whether to that asker.
local function lease_of(hash, asker)
  local ends = redis.call('ZMSCORE', leases, hash, own_name(hash, asker))
  return tonumber(ends[1]), ends[1] == ends[2]
end

local function set_lease(hash, asker, until_us)
  redis.call('ZADD', leases, digits(until_us), hash, digits(until_us), own_name(hash, asker))
end
