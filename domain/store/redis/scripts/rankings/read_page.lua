-- Answer the rows behind a place, whether or not anyone stands there; nil when the ranking is not trusted.
-- KEYS sorted set, rows of the global board    ARGV limit, how ties rank, digits of a group, member
-- Answer {total, {index, rank, {member, time, name, ...}}}
local set = KEYS[1]
if not is_ranking_trusted(set, ARGV[2]) then return false end
local start = redis.call('ZLEXCOUNT', set, '-', '[' .. ARGV[4])
local span = read_span(set, ARGV[2], ARGV[3], start, start + ARGV[1] - 1, KEYS[2])
if not span then return false end
return {redis.call('ZCARD', set), span}
