-- Answer {value, rank or 0} of one cached user; nil when it is not cached or the board is
-- not trusted.
-- KEYS user cache, board, rows    ARGV user id
if not is_trusted(KEYS[2], KEYS[3]) then return false end
local value = call_or_replace('GET', KEYS[1])
if not value then return false end
local index = false
local row = redis.call('HGET', KEYS[3], ARGV[1])
if row then
  local _, member = parse_row(row)
  index = redis.call('ZREVRANK', KEYS[2], member)
end
return {value, index and index + 1 or 0}
