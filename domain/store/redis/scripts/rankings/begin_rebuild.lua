-- Empty rankings and store the token whose presence at the end proves that nothing was lost. Who is gone
-- stays remembered: a row that was read before must not come back.
-- KEYS sorted sets    ARGV token
for _, set in ipairs(KEYS) do
  redis.call('UNLINK', set, set .. ROWS, set .. GROUPS, set .. DAY, set .. FRESH)
  redis.call('HSET', set .. ROWS, MARKER, ARGV[1] .. ':' .. run_id())
end
return 1
