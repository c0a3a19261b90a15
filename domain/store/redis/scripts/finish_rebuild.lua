-- Declare the board complete for this run of the server; answer 0 when the rebuild's token is lost.
-- KEYS marker, rebuild    ARGV token
if redis.call('GET', KEYS[2]) ~= ARGV[1] then return 0 end
redis.call('SET', KEYS[1], run_id())
redis.call('DEL', KEYS[2])
return 1
