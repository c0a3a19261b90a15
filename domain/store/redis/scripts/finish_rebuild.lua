-- Declare the board complete for this server, if the rebuild's token is still there.
-- KEYS marker, rebuild    ARGV token
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], run_id())
redis.call('DEL', KEYS[2])
return 1
