-- Answer the top and the rows around one user, read together, as JSON; nil when the board is not
-- trusted. `first` is the rank of the first row around the user, 0 when the user is not on the board.
-- KEYS board, rows, position
-- ARGV board id, size, now, epoch to begin if there is none, user id, neighbors
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local epoch, seq = position(KEYS[3], ARGV[4])
local first, around = around_json(KEYS[1], KEYS[2], ARGV[5], tonumber(ARGV[6]))
local top = rows_json(KEYS[1], KEYS[2], 0, ARGV[2] - 1)
if not (top and around) then return false end
return state_json(ARGV[1], epoch, seq, ARGV[3], redis.call('ZCARD', KEYS[1]), top,
  {'first', first, 'around', around})
