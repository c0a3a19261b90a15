-- Renew the rebuild's token; 0 when it is lost, and with it what was written so far.
-- KEYS rebuild    ARGV token, TTL
if redis.call('GET', KEYS[1]) ~= ARGV[1] then return 0 end
return redis.call('EXPIRE', KEYS[1], ARGV[2])
