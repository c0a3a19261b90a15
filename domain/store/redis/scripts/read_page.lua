-- Answer the rows behind a place of the board, as JSON; nil when the board is not trusted. `first` is
-- the rank of the first of them. The place is found in O(log n), whether or not anyone stands there.
-- KEYS board, rows, position
-- ARGV board id, limit, now, epoch to begin if there is none, score and member of the place
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local epoch, seq = position(KEYS[3], ARGV[4])
local start
local score = redis.call('ZSCORE', KEYS[1], ARGV[6])
if score and tonumber(score) == tonumber(ARGV[5]) then
  start = redis.call('ZREVRANK', KEYS[1], ARGV[6]) + 1
else
  -- Whoever stood there has moved: a member that nobody else has marks the place for a moment.
  local mark = ARGV[6] .. '~'
  redis.call('ZADD', KEYS[1], ARGV[5], mark)
  start = redis.call('ZREVRANK', KEYS[1], mark)
  redis.call('ZREM', KEYS[1], mark)
end
local rows = rows_json(KEYS[1], KEYS[2], start, start + ARGV[2] - 1)
if not rows then return false end
return state_json(ARGV[1], epoch, seq, ARGV[3], redis.call('ZCARD', KEYS[1]), '[]',
  {'first', start + 1, 'around', rows})
