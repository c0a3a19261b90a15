-- The top and the rows around one user, all of one moment, as JSON; nil when not to be trusted.
-- `first` is the rank of the first row around the user, 0 when the user is not on the board.
-- KEYS board, rows, marker, position    ARGV size, now, epoch to begin, user id, neighbors
if not is_trusted(KEYS[3]) then return false end
local epoch, seq = position(KEYS[4], ARGV[3])
local first, around = 0, '[]'
local row = redis.call('HGET', KEYS[2], ARGV[4])
if row then
  local _, member = parse_row(row)
  local rank = redis.call('ZREVRANK', KEYS[1], member)
  if rank then
    local start = math.max(0, rank - ARGV[5])
    first, around = start + 1, rows_json(KEYS[1], KEYS[2], start, rank + ARGV[5])
  end
end
return '{"epoch":"' .. epoch .. '","seq":' .. seq .. ',"at":"' .. ARGV[2] .. '","total":'
  .. redis.call('ZCARD', KEYS[1]) .. ',"top":' .. rows_json(KEYS[1], KEYS[2], 0, ARGV[1] - 1)
  .. ',"first":' .. first .. ',"around":' .. around .. '}'
