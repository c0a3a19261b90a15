-- Write absolute standings and refuse older versions; answer {trusted, rank or 0, ...}, the ranks in
-- order and only when they are asked for.
-- KEYS board, rows, previous ranks, listened
-- ARGV user cache prefix, TTL of the previous ranks (0: keep none), 1 to answer ranks, JSON of five
--      lists: the ids of all users, their members ('' takes the user off), versions, scores and rows
local board, rows, previous = KEYS[1], KEYS[2], KEYS[3]
-- Keys of another type: nothing is written, and the rebuild fills them again from SQL.
if try('ZCARD', board) == nil or try('HLEN', rows) == nil then return {0} end
local ttl = tonumber(ARGV[2])
local users, members, versions, scores, texts = unpack(cjson.decode(ARGV[4]))
-- One command for all users each: a call out of a script costs more than most of the commands.
local added, removed, fields, cached, before = {}, {}, {}, {}, {}
local dropped, buried = {}, {}
local stored = redis.call('HMGET', rows, unpack(users))
local gone = find_gone(board, users, stored)
local listened = ttl > 0 and listened_to(KEYS[4], users)
for i, user in ipairs(users) do
  local member = members[i]
  local version, old = -1, nil
  if stored[i] then
    version, old = parse_version(stored[i])
  elseif gone[i] then
    version = tonumber(gone[i]) or -1
  end
  if versions[i] > version then
    if listened and listened[i] then
      local index = old and redis.call('ZREVRANK', board, old)
      before[user] = index and index + 1 or 0
    end
    if old and old ~= member then removed[#removed + 1] = old end
    if member ~= '' then
      added[#added + 1] = scores[i]
      added[#added + 1] = member
      fields[#fields + 1] = user
      fields[#fields + 1] = texts[i]
    else
      buried[#buried + 1] = user
      buried[#buried + 1] = versions[i]
      if stored[i] then dropped[#dropped + 1] = user end
    end
    cached[#cached + 1] = ARGV[1] .. user
  end
end
-- The first one may be refused when memory is full, before anything has changed.
bury(board, buried)
if #added > 0 then redis.call('ZADD', board, unpack(added)) end
if #removed > 0 then redis.call('ZREM', board, unpack(removed)) end
if #fields > 0 then redis.call('HSET', rows, unpack(fields)) end
if #dropped > 0 then redis.call('HDEL', rows, unpack(dropped)) end
if #cached > 0 then redis.call('DEL', unpack(cached)) end
if next(before) then
  -- Another try of the batch finds its own ranks: the first ones stay.
  for user, rank in pairs(decode_ranks(try('GET', previous))) do before[user] = rank end
  redis.call('SET', previous, cjson.encode(before), 'EX', ttl)
end
local answer = {is_trusted(board, rows) and 1 or 0}
if ARGV[3] == '1' then
  for i, member in ipairs(members) do
    local index = redis.call('ZREVRANK', board, member)
    answer[i + 1] = index and index + 1 or 0
  end
end
return answer
