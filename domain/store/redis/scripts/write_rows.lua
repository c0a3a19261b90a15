-- Write absolute standings and refuse older versions; answer {trusted, rank or 0, ...} in order.
-- KEYS board, rows, previous ranks
-- ARGV user cache prefix, TTL of the previous ranks (0: keep none), then for each user:
--      id, version, member, score, updatedMs, username
local board, rows, previous = KEYS[1], KEYS[2], KEYS[3]
-- Keys of another type: nothing is written, and the rebuild fills them again from SQL.
if try('ZCARD', board) == nil or try('HLEN', rows) == nil then return {0} end
local ttl = tonumber(ARGV[2])
local changed = {}
for i = 3, #ARGV, 6 do
  local row = redis.call('HGET', rows, ARGV[i])
  local version, member = -1, nil
  if row then version, member = parse_row(row) end
  if tonumber(ARGV[i + 1]) > version then
    changed[#changed + 1] = {i, member}
    if ttl > 0 then
      local index = member and redis.call('ZREVRANK', board, member)
      redis.call('HSETNX', previous, ARGV[i], index and index + 1 or 0)
    end
  end
end
for _, change in ipairs(changed) do
  local i, member = change[1], change[2]
  if member and member ~= ARGV[i + 2] then redis.call('ZREM', board, member) end
  redis.call('ZADD', board, ARGV[i + 3], ARGV[i + 2])
  redis.call('HSET', rows, ARGV[i], table.concat({ARGV[i + 1], ARGV[i + 2], ARGV[i + 4], ARGV[i + 5]}, '|'))
  redis.call('DEL', ARGV[1] .. ARGV[i])
end
if ttl > 0 and #changed > 0 then redis.call('EXPIRE', previous, ttl) end
local answer = {is_trusted(board, rows) and 1 or 0}
for i = 3, #ARGV, 6 do
  local index = redis.call('ZREVRANK', board, ARGV[i + 2])
  answer[#answer + 1] = index and index + 1 or 0
end
return answer
