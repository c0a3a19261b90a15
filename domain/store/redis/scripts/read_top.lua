-- The top and the position it belongs to, as JSON; nil when the board is not to be trusted.
-- KEYS board, rows, marker, position    ARGV size, now, epoch to begin if there is none
if not is_trusted(KEYS[3]) then return false end
local epoch, seq = position(KEYS[4], ARGV[3])
return '{"epoch":"' .. epoch .. '","seq":' .. seq .. ',"at":"' .. ARGV[2] .. '","total":'
  .. redis.call('ZCARD', KEYS[1]) .. ',"top":' .. rows_json(KEYS[1], KEYS[2], 0, ARGV[1] - 1) .. '}'
