-- Delete all that belongs to rankings.
-- KEYS sorted sets
for _, set in ipairs(KEYS) do
  for _, id in ipairs(try('ZRANGE', set .. WALKS, 0, -1) or {}) do redis.call('UNLINK', set .. WALK .. id) end
  local gone, gone_before = gone_keys(set)
  redis.call('UNLINK', set, set .. ROWS, set .. GROUPS, set .. DAY, set .. FRESH, set .. WALKS, gone, gone_before)
end
return 1
