-- Publish one batch once, under the next position; answer {1, or 0 for a repeat, seq}, or nil when
-- the board is not trusted and the caller has brought no state from SQL.
-- KEYS sent, position, stream, board, rows, previous ranks, listened
-- ARGV channel, board id, new epoch, now, actions JSON, top size, TTL of sent, stream length, batch id,
--      JSON of the actions' user ids, then from SQL ('' when not brought): top JSON, total, ranks and
--      scores JSON
local sent = call_or_replace('GET', KEYS[1])
if sent then return {0, tonumber(sent)} end
local top, total, ranks, scores = ARGV[11], ARGV[12], ARGV[13], ARGV[14]
local trusted_top = is_trusted(KEYS[4], KEYS[5]) and rows_json(KEYS[4], KEYS[5], 0, ARGV[6] - 1)
if trusted_top then
  top = trusted_top
  total = redis.call('ZCARD', KEYS[4])
  ranks, scores = standings_json(KEYS[4], KEYS[5], KEYS[6], KEYS[7], ARGV[10])
elseif top == '' then
  return false
end
local epoch, seq = position(KEYS[2], ARGV[3])
seq = seq + 1
redis.call('HSET', KEYS[2], 'seq', seq)
redis.call('SET', KEYS[1], seq, 'EX', ARGV[7])
local message = state_json(ARGV[2], epoch, seq, ARGV[4], total, top,
  {'batch', '"' .. ARGV[9] .. '"', 'ranks', ranks, 'scores', scores, 'actions', ARGV[5]})
call_or_replace('XADD', KEYS[3], 'MAXLEN', '~', ARGV[8], '*', 'm', message)
redis.call('PUBLISH', ARGV[1], message)
return {1, seq}
