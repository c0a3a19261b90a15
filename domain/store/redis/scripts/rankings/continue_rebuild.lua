-- Answer 1 for each ranking whose rebuild's token is there; 0 when it is lost, and with it what was written.
-- KEYS sorted sets    ARGV token
local answer, token = {}, ARGV[1] .. ':' .. run_id()
for i, set in ipairs(KEYS) do answer[i] = try('HGET', set .. ROWS, MARKER) == token and 1 or 0 end
return answer
