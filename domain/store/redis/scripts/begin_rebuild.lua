-- Empty the board and store the token whose presence at the end proves that nothing was lost.
-- KEYS board, rows    ARGV token
redis.call('DEL', KEYS[1], KEYS[2])
redis.call('HSET', KEYS[2], MARKER, ARGV[1] .. ':' .. run_id())
return 1
