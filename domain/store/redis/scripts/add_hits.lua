-- Add to shared rate-limit counters; answer their totals in order.
-- KEYS counters    ARGV for each counter: hits, TTL in milliseconds
local totals = {}
for i, key in ipairs(KEYS) do
  local hits = tonumber(ARGV[2 * i - 1])
  totals[i] = call_anew('INCRBY', key, hits)
  if totals[i] == hits then redis.call('PEXPIRE', key, ARGV[2 * i]) end
end
return totals
