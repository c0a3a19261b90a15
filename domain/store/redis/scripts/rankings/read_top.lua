-- Answer a ranking's first rows and its position; nil when it is not trusted.
-- KEYS sorted set, rows of the global board
-- ARGV how ties rank, digits of a group, size, epoch to begin if there is none, TTL of a position
-- Answer {epoch, seq, total, top}; the top as `read_span`
local set, ties, digits = KEYS[1], ARGV[1], tonumber(ARGV[2])
if not is_ranking_trusted(set, ties) then return false end
local top = read_span(set, ties, digits, 0, ARGV[3] - 1, KEYS[2])
if not top then return false end
local epoch, seq = position(set .. POSITION, ARGV[4])
redis.call('EXPIRE', set .. POSITION, ARGV[5])
return {epoch, seq, redis.call('ZCARD', set), top}
