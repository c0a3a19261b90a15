-- Answer {total, the rank that one who reaches this score now gets}; nil when the board is not trusted.
-- KEYS board, rows    ARGV score
if not is_trusted(KEYS[1], KEYS[2]) then return false end
return {redis.call('ZCARD', KEYS[1]), 1 + redis.call('ZCOUNT', KEYS[1], ARGV[1], '+inf')}
