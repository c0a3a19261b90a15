-- Answer the first rows, and when there are more the walk that keeps the order of this moment for the next
-- pages; nil when the ranking is not trusted.
-- KEYS sorted set, rows of the global board
-- ARGV limit, how ties rank, digits of a group, id of a new walk, rows of a walk, its milliseconds, walks up
--      to which each change makes a new one, milliseconds for which one is shared beyond that
-- Answer {total, walk or '', index, rank, {member, time, name, ...}}
local set, limit, ties, digits = KEYS[1], tonumber(ARGV[1]), ARGV[2], ARGV[3]
if not is_ranking_trusted(set, ties) then return false end

-- The walk to share: the one that is the ranking as it is, or while there are very many a young one.
local function find_walk(now)
  local fresh = try('GET', set .. FRESH)
  if fresh then return fresh end
  redis.call('ZREMRANGEBYSCORE', set .. WALKS, '-inf', now)
  if redis.call('ZCARD', set .. WALKS) < tonumber(ARGV[7]) then return nil end
  local youngest = redis.call('ZREVRANGE', set .. WALKS, 0, 0, 'WITHSCORES')
  if youngest[2] - ARGV[6] + ARGV[8] < now then return nil end
  return youngest[1]
end

local function make_walk()
  local members = redis.call('ZRANGE', set, 0, ARGV[5] - 1)
  local times = times_of(set, members)
  if not times then return nil end
  local entries = {redis.call('ZCARD', set)}
  for i, member in ipairs(members) do entries[i + 1] = times[i] .. '|' .. member end
  redis.call('RPUSH', set .. WALK .. ARGV[4], unpack(entries))
  redis.call('SET', set .. FRESH, ARGV[4], 'PX', ARGV[6])
  return ARGV[4]
end

local total = redis.call('ZCARD', set)
if total <= limit then
  local members = redis.call('ZRANGE', set, 0, limit - 1)
  local times = times_of(set, members)
  if not times then return false end
  return {total, '', 0, 1, flat_rows(members, times, KEYS[2])}
end
local time = redis.call('TIME')
local now = time[1] * 1000 + math.floor(time[2] / 1000)
if try('ZCARD', set .. WALKS) == nil then redis.call('DEL', set .. WALKS) end
local walk = find_walk(now)
local total_then, members, times = nil, nil, nil
if walk then total_then, members, times = walk_rows(set .. WALK .. walk, 0, limit) end
if not total_then then
  walk = make_walk()
  if not walk then return false end
  total_then, members, times = walk_rows(set .. WALK .. walk, 0, limit)
end
-- Who begins to walk has the whole time, unless the walk is shared although it is not the newest order.
if redis.call('GET', set .. FRESH) == walk then
  redis.call('PEXPIRE', set .. WALK .. walk, ARGV[6])
  redis.call('PEXPIRE', set .. FRESH, ARGV[6])
  redis.call('ZADD', set .. WALKS, now + ARGV[6], walk)
  redis.call('PEXPIRE', set .. WALKS, ARGV[6])
end
return {total_then, walk, 0, 1, flat_rows(members, times, KEYS[2])}
