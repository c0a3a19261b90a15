-- Publish one batch once, under the next position; answer {1, or 0 for a repeat, seq}, or nil when
-- the board is not trusted and the caller has brought no state from SQL.
-- KEYS sent, position, stream, board, rows, previous ranks, listened
-- ARGV channel, board id, new epoch, now, actions JSON, top size, TTL of sent, stream length, batch id,
--      JSON of the actions' user ids, then from SQL ('' when not brought): top JSON, total, ranks and
--      scores JSON; and the stream's bytes

-- Add the message to the stream under its position. A stream whose last position is not before it is
-- another epoch's, and begins again; so does a key of another type.
local function keep(stream, seq, message)
  local length = math.max(1, math.min(ARGV[8], math.floor(ARGV[15] / #message)))
  local command = {'XADD', stream, 'MAXLEN', '~', length, seq .. '-0', 'm', message}
  local answer = redis.pcall(unpack(command))
  if type(answer) ~= 'table' or not answer.err then return end
  if string.find(answer.err, 'WRONGTYPE', 1, true) or string.find(answer.err, 'equal or smaller', 1, true) then
    redis.call('DEL', stream)
  end
  redis.call(unpack(command))
end

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
-- What a stream holds of another epoch may have larger positions, or the same ones.
if seq == 0 then redis.call('DEL', KEYS[3]) end
seq = seq + 1
redis.call('HSET', KEYS[2], 'seq', seq)
redis.call('SET', KEYS[1], seq, 'EX', ARGV[7])
local message = state_json(ARGV[2], epoch, seq, ARGV[4], total, top,
  {'batch', '"' .. ARGV[9] .. '"', 'ranks', ranks, 'scores', scores, 'actions', ARGV[5]})
keep(KEYS[3], seq, message)
redis.call('PUBLISH', ARGV[1], message)
return {1, seq}
