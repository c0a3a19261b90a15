-- Answer {rank or 0, score, rank or 0, score, ...} for users in order; nil when the board is not trusted.
-- KEYS board, rows    ARGV JSON of the user ids
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local users, answer = cjson.decode(ARGV[1]), {}
if #users == 0 then return answer end
local rows = redis.call('HMGET', KEYS[2], unpack(users))
for i = 1, #users do
  local index, score
  if rows[i] then
    local _, member = parse_version(rows[i])
    index = redis.call('ZREVRANK', KEYS[1], member)
    score = index and redis.call('ZSCORE', KEYS[1], member)
  end
  answer[2 * i - 1], answer[2 * i] = index and index + 1 or 0, score or '0'
end
return answer
