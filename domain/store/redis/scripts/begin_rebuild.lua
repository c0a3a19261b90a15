-- Empty the board and store the token whose presence at the end proves that nothing was lost.
-- KEYS board, rows, marker, rebuild    ARGV token, TTL
redis.call('DEL', KEYS[1], KEYS[2], KEYS[3])
redis.call('SET', KEYS[4], ARGV[1], 'EX', ARGV[2])
return 1
