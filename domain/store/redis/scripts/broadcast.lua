-- Publish one batch once, under the next position; answer {new or 0, seq}, or nil if the caller
-- must bring the top along because the board is not to be trusted.
-- KEYS sent, position, stream, board, rows, marker, previous ranks
-- ARGV channel, new epoch, now, actions JSON, users JSON, top size, TTL of sent, stream length,
--      top JSON and total from SQL ('' when not brought), ranks and scores JSON from SQL, batch id
local sent = redis.call('GET', KEYS[1])
if sent then return {0, tonumber(sent)} end
local top, total, ranks, scores = ARGV[9], ARGV[10], ARGV[11], ARGV[12]
if is_trusted(KEYS[6]) then
  top = rows_json(KEYS[4], KEYS[5], 0, ARGV[6] - 1)
  total = redis.call('ZCARD', KEYS[4])
  local parts, has = {}, {}
  for _, user in ipairs(cjson.decode(ARGV[5])) do
    local before = redis.call('HGET', KEYS[7], user)
    local row = redis.call('HGET', KEYS[5], user)
    local rank = false
    if row then
      local _, member = parse_row(row)
      rank = redis.call('ZREVRANK', KEYS[4], member)
      local score = redis.call('ZSCORE', KEYS[4], member)
      if score then has[#has + 1] = '"' .. user .. '":' .. string.format('%.0f', score) end
    end
    parts[#parts + 1] = '"' .. user .. '":[' .. ((before and before ~= '0') and before or 'null')
      .. ',' .. (rank and rank + 1 or 'null') .. ']'
  end
  ranks = '{' .. table.concat(parts, ',') .. '}'
  scores = '{' .. table.concat(has, ',') .. '}'
elseif top == '' then
  return false
end
local epoch, seq = position(KEYS[2], ARGV[2])
seq = seq + 1
redis.call('HSET', KEYS[2], 'seq', seq)
redis.call('SET', KEYS[1], seq, 'EX', ARGV[7])
local message = '{"batch":"' .. ARGV[13] .. '","epoch":"' .. epoch .. '","seq":' .. seq .. ',"at":"' .. ARGV[3] .. '","total":'
  .. total .. ',"top":' .. top .. ',"ranks":' .. ranks .. ',"scores":' .. scores
  .. ',"actions":' .. ARGV[4] .. '}'
redis.call('XADD', KEYS[3], 'MAXLEN', '~', ARGV[8], '*', 'm', message)
redis.call('PUBLISH', ARGV[1], message)
return {1, seq}
