-- Revoke the trust of rankings.
-- KEYS sorted sets
for _, set in ipairs(KEYS) do try('HDEL', set .. ROWS, MARKER) end
return 1
