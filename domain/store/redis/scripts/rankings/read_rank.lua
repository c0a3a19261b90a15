-- Answer the rank of a place that this text bounds; nil when the ranking is not trusted.
-- KEYS sorted set    ARGV how ties rank, a text that is larger than the members ahead
-- Answer {total, rank}
local set, ties = KEYS[1], ARGV[1]
if not is_ranking_trusted(set, ties) then return false end
return {redis.call('ZCARD', set), 1 + count_below(ties == 'dense' and set .. GROUPS or set, ARGV[2])}
