-- Answer {rank or 0, ...} for user ids in order; nil when the board is not trusted.
-- KEYS board, rows    ARGV user ids
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local answer = {}
for i, user in ipairs(ARGV) do
  local row = redis.call('HGET', KEYS[2], user)
  local index = false
  if row then
    local _, member = parse_row(row)
    index = redis.call('ZREVRANK', KEYS[1], member)
  end
  answer[i] = index and index + 1 or 0
end
return answer
