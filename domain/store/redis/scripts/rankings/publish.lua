-- Publish the first rows of rankings, each under the ranking's next position; of one that is not trusted
-- only that it has changed. A repeat does no harm: a message says how a ranking is, not what has happened.
-- KEYS sorted sets, then rows of the global board
-- ARGV channel, now, what begins the epochs where there is none, size of the top, TTL of a position, then for each
--      ranking its number, how ties rank, digits of a group
local names_key = KEYS[#KEYS]
for i = 1, #KEYS - 1 do
  local set, at = KEYS[i], 3 * i + 3
  local ties, digits = ARGV[at + 1], tonumber(ARGV[at + 2])
  local top = is_ranking_trusted(set, ties) and read_span(set, ties, digits, 0, ARGV[4] - 1, names_key)
  local epoch, seq = position(set .. POSITION, ARGV[3] .. i)
  redis.call('HSET', set .. POSITION, 'seq', seq + 1)
  redis.call('EXPIRE', set .. POSITION, ARGV[5])
  local message = {ranking = tonumber(ARGV[at]), epoch = epoch, seq = seq + 1, at = ARGV[2]}
  if top then
    message.total = redis.call('ZCARD', set)
    message.top = top
  end
  redis.call('PUBLISH', ARGV[1], cjson.encode(message))
end
return #KEYS - 1
