-- Add to shared rate-limit counters; answer how many processes share them, then totals in order.
-- KEYS processes, counters    ARGV process, milliseconds after which a silent process is forgotten,
--      then for each counter: hits, TTL in milliseconds
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
call_or_replace('ZADD', KEYS[1], now, ARGV[1])
redis.call('ZREMRANGEBYSCORE', KEYS[1], '-inf', now - ARGV[2])
redis.call('PEXPIRE', KEYS[1], ARGV[2])
local answer = {redis.call('ZCARD', KEYS[1])}
for i = 2, #KEYS do
  local hits = tonumber(ARGV[2 * i - 1])
  local total = call_or_replace('INCRBY', KEYS[i], hits)
  if total == hits then redis.call('PEXPIRE', KEYS[i], ARGV[2 * i]) end
  answer[i] = total
end
return answer
