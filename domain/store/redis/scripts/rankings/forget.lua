-- Delete all that belongs to rankings; walks that have begun are left to their end.
-- KEYS sorted sets
for _, set in ipairs(KEYS) do
  local gone, gone_before = gone_keys(set)
  redis.call('UNLINK', set, set .. ROWS, set .. GROUPS, set .. DAY, set .. FRESH, gone, gone_before)
end
return 1
