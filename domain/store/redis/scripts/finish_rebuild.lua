-- Declare the board complete for this run of the server; answer 0 when the rebuild's token or a part of
-- the board is lost.
-- KEYS board, rows    ARGV token
if try('HGET', KEYS[2], MARKER) ~= ARGV[1] .. ':' .. run_id() then return 0 end
if try('ZCARD', KEYS[1]) ~= redis.call('HLEN', KEYS[2]) - 1 then return 0 end
redis.call('HSET', KEYS[2], MARKER, run_id())
return 1
