-- Put before every script of this folder: the keys, rows, members and days of rankings.

-- What belongs to a ranking has the key of its sorted set and one of these endings: see `keys.py`.
local ROWS, GROUPS, DAY, FRESH, WALKS, WALK = ':rows', ':groups', ':day', ':fresh', ':walks', ':walk:'
local POSITION = ':position'

-- Every score is 0, so members are in the order of their bytes. A member is the sort key in hexadecimal
-- digits, a colon, and the user's id.
local function user_of(member)
  return string.sub(member, -36)
end

-- A row of the hash is `version|sort key|updatedMs|day|start`. On that day the player moved for the last
-- time, and began it with the sort key `start`: '' when the player was not there, both '' when unknown.
-- Of a player who is gone it is the same without a sort key.
local function parse_row(row)
  local version, key, updated, day, start = string.match(row, '^(%d+)|(%x*)|(%d+)|([^|]*)|(%x*)$')
  return tonumber(version) or -1, key, updated, day, start
end

-- The first two parts of a row, which takes a third of the time.
local function parse_place(row)
  local stop = string.find(row, '|', 1, true)
  local last = stop and string.find(row, '|', stop + 1, true)
  if not last then return -1, '' end
  return tonumber(string.sub(row, 1, stop - 1)) or -1, string.sub(row, stop + 1, last - 1)
end

-- The day whose changes are kept, and whether all of them are. The first member of the set of the day
-- says so; behind it are 'b' and the members that were there when the day began and are not any more, 'n'
-- and those that are new, and of a dense ranking 'd' and 'e' with its groups.
local function read_day(set)
  local first = try('ZRANGE', set .. DAY, 0, 0)
  local label, mark = string.match(first and first[1] or '', '^!(.*)([+?])$')
  return label, mark == '+'
end

-- How many of the set's members are smaller than this text.
local function count_below(set, text)
  return redis.call('ZLEXCOUNT', set, '-', '(' .. text)
end

local function count_of_day(set, kind, text)
  return redis.call('ZLEXCOUNT', set .. DAY, '[' .. kind, '(' .. kind .. text)
end

-- The rank of the member at this index from 0, or of its group of so many digits.
local function rank_of(set, ties, digits, member, index)
  if ties == 'firstToReach' then return index + 1 end
  local of = ties == 'dense' and set .. GROUPS or set
  return 1 + count_below(of, string.sub(member, 1, digits))
end

-- Whether the ranking is complete. The groups of a dense one are a key of their own, which may be lost.
local function is_ranking_trusted(set, ties)
  if not is_trusted(set, set .. ROWS) then return false end
  if ties ~= 'dense' then return true end
  local groups = try('ZCARD', set .. GROUPS)
  return groups ~= nil and (groups > 0) == (redis.call('ZCARD', set) > 0)
end

-- The names of users from the rows of the global board; '' for those it does not know in this run.
local function names_of(names_key, users)
  local names = {}
  if #users == 0 then return names end
  local rows = try('HMGET', names_key, MARKER, unpack(users)) or {}
  local is_current = rows[1] == run_id()
  for i = 1, #users do
    names[i] = is_current and rows[i + 1] and string.match(rows[i + 1], '^%d+|[^|]+|%d+|(.*)$') or ''
  end
  return names
end

-- The times of these members' last updates, as texts; nil when one has no row: then the ranking loses
-- its trust.
local function times_of(set, members)
  local users, times = {}, {}
  if #members == 0 then return times end
  for i, member in ipairs(members) do users[i] = user_of(member) end
  local rows = redis.call('HMGET', set .. ROWS, unpack(users))
  for i = 1, #members do
    local _, _, updated = parse_row(rows[i] or '')
    if not updated then
      redis.call('HDEL', set .. ROWS, MARKER)
      return nil
    end
    times[i] = updated
  end
  return times
end

-- Members, times and names, one after the other.
local function flat_rows(members, times, names_key)
  local users, answer = {}, {}
  for i, member in ipairs(members) do users[i] = user_of(member) end
  local names = names_of(names_key, users)
  for i, member in ipairs(members) do
    answer[3 * i - 2], answer[3 * i - 1], answer[3 * i] = member, times[i], names[i]
  end
  return answer
end

-- How many members there were, and up to `limit` of them from this index on with their times, in a walk,
-- whose entries are the total, then `time|member`. Nil when it is over.
local function walk_rows(walk, index, limit)
  local total = try('LINDEX', walk, 0)
  if not total then return nil end
  local members, times = {}, {}
  for i, entry in ipairs(redis.call('LRANGE', walk, index + 1, index + limit)) do
    local stop = string.find(entry, '|', 1, true)
    times[i], members[i] = string.sub(entry, 1, stop - 1), string.sub(entry, stop + 1)
  end
  return tonumber(total), members, times
end

-- Rows from this index on, with the index and the rank of the first; nil when one is lost.
local function read_span(set, ties, digits, start, last, names_key)
  if last < start then return {start, 0, {}} end
  local members = redis.call('ZRANGE', set, start, last)
  local times = times_of(set, members)
  if not times then return nil end
  local rank = #members > 0 and rank_of(set, ties, digits, members[1], start) or 0
  return {start, rank, flat_rows(members, times, names_key)}
end

-- The rows around a user, up to so many neighbors on either side; the user's index from 0 and rank; the
-- member ahead, of the last row with a better rank, or ''; and the parts of its row. Without the user only
-- no rows; nil when a row is lost.
local function read_around(set, ties, digits, user, neighbors, names_key)
  local _, key, _, moved_on, start = parse_row(redis.call('HGET', set .. ROWS, user) or '')
  local member = key and key .. ':' .. user
  local index = member and redis.call('ZRANK', set, member)
  if not index then return {0, 0, {}} end
  local around = read_span(set, ties, digits, math.max(0, index - neighbors), index + neighbors, names_key)
  if not around then return nil end
  local bound = ties == 'firstToReach' and member or string.sub(key, 1, digits)
  local ahead = redis.call('ZREVRANGEBYLEX', set, '(' .. bound, '-', 'LIMIT', 0, 1)[1]
  return around, index, rank_of(set, ties, digits, member, index), ahead or '', key, moved_on, start
end
