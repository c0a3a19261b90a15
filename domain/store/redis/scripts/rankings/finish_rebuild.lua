-- Declare rankings complete for this run of the server; answer 0 for each whose rebuild's token or a part of
-- which is lost.
-- KEYS sorted sets    ARGV token
local answer, token = {}, ARGV[1] .. ':' .. run_id()
for i, set in ipairs(KEYS) do
  local rows = set .. ROWS
  local is_whole = try('HGET', rows, MARKER) == token and try('ZCARD', set) == redis.call('HLEN', rows) - 1
  if is_whole then redis.call('HSET', rows, MARKER, run_id()) end
  answer[i] = is_whole and 1 or 0
end
return answer
