-- Note that somebody follows these rankings, for so many milliseconds.
-- KEYS followed    ARGV milliseconds, entries
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
local expires = now + ARGV[1]
local entries = {}
for i = 2, #ARGV do
  entries[#entries + 1] = expires
  entries[#entries + 1] = ARGV[i]
end
call_or_replace('ZADD', KEYS[1], unpack(entries))
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now)
redis.call('PEXPIRE', KEYS[1], ARGV[1])
return 1
