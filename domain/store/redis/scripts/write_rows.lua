-- Write absolute standings and refuse older versions; answer {trusted, rank or 0, ...}, the ranks in
-- order and only when they are asked for.
-- KEYS board, rows, previous ranks, listened
-- ARGV user cache prefix, TTL of the previous ranks (0: keep none), 1 to answer ranks, number of users,
--      then the ids of all users, their versions, members, scores and rows
local board, rows, previous = KEYS[1], KEYS[2], KEYS[3]
-- Keys of another type: nothing is written, and the rebuild fills them again from SQL.
if try('ZCARD', board) == nil or try('HLEN', rows) == nil then return {0} end
local ttl, count = tonumber(ARGV[2]), tonumber(ARGV[4])
local versions, members, scores, texts = 4 + count, 4 + 2 * count, 4 + 3 * count, 4 + 4 * count
-- One command for all users each: a call out of a script costs more than most of the commands.
local added, removed, fields, cached, before = {}, {}, {}, {}, {}
local stored = redis.call('HMGET', rows, unpack(ARGV, 5, 4 + count))
local listened = ttl > 0 and listened_to(KEYS[4], 5, 4 + count)
for i = 1, count do
  local user, member = ARGV[4 + i], ARGV[members + i]
  local version, old = -1, nil
  if stored[i] then version, old = parse_version(stored[i]) end
  if tonumber(ARGV[versions + i]) > version then
    if listened and listened[i] then
      local index = old and redis.call('ZREVRANK', board, old)
      before[user] = index and index + 1 or 0
    end
    if old and old ~= member then removed[#removed + 1] = old end
    added[#added + 1] = ARGV[scores + i]
    added[#added + 1] = member
    fields[#fields + 1] = user
    fields[#fields + 1] = ARGV[texts + i]
    cached[#cached + 1] = ARGV[1] .. user
  end
end
if #added > 0 then
  -- The first one may be refused when memory is full, before anything has changed.
  redis.call('ZADD', board, unpack(added))
  if #removed > 0 then redis.call('ZREM', board, unpack(removed)) end
  redis.call('HSET', rows, unpack(fields))
  redis.call('DEL', unpack(cached))
end
if next(before) then
  -- Another try of the batch finds its own ranks: the first ones stay.
  for user, rank in pairs(decode_ranks(try('GET', previous))) do before[user] = rank end
  redis.call('SET', previous, cjson.encode(before), 'EX', ttl)
end
local answer = {is_trusted(board, rows) and 1 or 0}
if ARGV[3] == '1' then
  for i = 1, count do
    local index = redis.call('ZREVRANK', board, ARGV[members + i])
    answer[i + 1] = index and index + 1 or 0
  end
end
return answer
