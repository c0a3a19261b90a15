-- Answer {number of a user from 1, rank or 0, score, ...} for those users who hold another rank than they
-- know; nil when the board is not trusted.
-- KEYS board, rows    ARGV JSON of the user ids, JSON of the ranks they know: 0 for none, -1 for unknown
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local users, known, answer = cjson.decode(ARGV[1]), cjson.decode(ARGV[2]), {}
if #users == 0 then return answer end
local rows = redis.call('HMGET', KEYS[2], unpack(users))
for i = 1, #users do
  local _, member, index
  if rows[i] then
    _, member = parse_version(rows[i])
    index = redis.call('ZREVRANK', KEYS[1], member)
  end
  local rank = index and index + 1 or 0
  if rank ~= known[i] then
    local n = #answer
    answer[n + 1], answer[n + 2] = i, rank
    answer[n + 3] = index and redis.call('ZSCORE', KEYS[1], member) or '0'
  end
end
return answer
