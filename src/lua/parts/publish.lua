-- Publishes a message; where the user may not do that, nothing. A server that does not know SPUBLISH, which came with Redis 7,
-- publishes to all nodes of the cluster.
local function publish(channel, message)
  if not tonumber(redis.pcall(publishing, channel, message)) and publishing ~= 'PUBLISH' then
    redis.pcall('PUBLISH', channel, message)
  end
end
