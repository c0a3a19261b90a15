-- Answer the top and its position as JSON; nil when the board is not trusted.
-- KEYS board, rows, position    ARGV board id, size, now, epoch to begin if there is none
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local epoch, seq = position(KEYS[3], ARGV[4])
local top = rows_json(KEYS[1], KEYS[2], 0, ARGV[2] - 1)
if not top then return false end
return state_json(ARGV[1], epoch, seq, ARGV[3], redis.call('ZCARD', KEYS[1]), top, {})
