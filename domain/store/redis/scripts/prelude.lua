-- Prepended to every script of this folder: the forms of rows and members, trust, and the JSON.

-- A row of the hash is `version|member|updatedMs|username`.
local function parse_row(row)
  local version, member, updated, username = string.match(row, '^(%d+)|([^|]+)|(%d+)|(.*)$')
  return tonumber(version), member, updated, username
end

-- The first two parts of a row, which takes a third of the time.
local function parse_version(row)
  local stop = string.find(row, '|', 1, true)
  return tonumber(string.sub(row, 1, stop - 1)), string.sub(row, stop + 1, stop + 56)
end

-- A member is 19 digits of inverted reached_seq, a colon, and the user's id.
local function user_of(member)
  return string.sub(member, 21)
end

-- As text; in two parts, because a double does not hold 19 digits. The upper part is the same for all
-- numbers that have nine digits.
local function reached_seq_of(member)
  local upper, low = string.sub(member, 1, 10), tonumber(string.sub(member, 11, 19))
  if upper == '9223372036' and low and low <= 854775807 then return 854775807 - low end
  local high = tonumber(upper)
  if not (high and low) then return 'null' end
  return string.format('%.0f', (9223372036 - high) * 1e9 + (854775807 - low))
end

-- Changes with every start of the server, which may have lost the last second of writes.
local current_run
local function run_id()
  current_run = current_run or string.match(redis.call('INFO', 'server'), 'run_id:(%w+)')
  return current_run
end

-- The answer of a command, or nil when the key holds another type than the command's; raises what
-- else the server refuses.
local function try(command, key, ...)
  local answer = redis.pcall(command, key, ...)
  if type(answer) ~= 'table' or not answer.err then return answer end
  if string.find(answer.err, 'WRONGTYPE', 1, true) then return nil end
  return redis.call(command, key, ...)
end

-- The answer of a command, before which a key of another type is deleted.
local function call_or_replace(command, key, ...)
  local answer = try(command, key, ...)
  if answer ~= nil then return answer end
  redis.call('DEL', key)
  return redis.call(command, key, ...)
end

-- The field of the rows' hash that says for which run of the server the board is complete. It has no
-- key of its own: what evicts the rows takes it along. Set by `finish_rebuild.lua`.
local MARKER = '#'

-- A trusted board is complete for this run of the server, its two keys have the same users, and it
-- can be written: a server that refuses writes would show the same board forever, so that raises.
local function is_trusted(board_key, rows_key)
  -- Changes nothing: XX adds no member, and none is called '-'.
  if try('ZADD', board_key, 'XX', 0, '-') == nil then return false end
  if try('HGET', rows_key, MARKER) ~= run_id() then return false end
  return redis.call('ZCARD', board_key) == redis.call('HLEN', rows_key) - 1
end

-- How long a removed player is remembered, so that no older row comes back: this to twice this.
local GONE_SECONDS = 600

-- The hashes of those who are gone from a set, this span's and the last one's.
local function gone_keys(set)
  local span = math.floor(redis.call('TIME')[1] / GONE_SECONDS)
  return set .. ':gone:' .. span, set .. ':gone:' .. span - 1
end

-- By number, what is remembered of those of the users who have no row; `stored` has the users' rows.
local function find_gone(set, users, stored)
  local missing, numbers, found = {}, {}, {}
  for i, user in ipairs(users) do
    if not stored[i] then
      missing[#missing + 1] = user
      numbers[#numbers + 1] = i
    end
  end
  if #missing == 0 then return found end
  for _, key in ipairs({gone_keys(set)}) do
    local rows = redis.call('EXISTS', key) == 1 and try('HMGET', key, unpack(missing)) or {}
    for j, i in ipairs(numbers) do found[i] = found[i] or rows[j] end
  end
  return found
end

-- Remember those who are gone: `buried` is user, row, user, row and so on.
local function bury(set, buried)
  if #buried == 0 then return end
  local key = gone_keys(set)
  call_or_replace('HSET', key, unpack(buried))
  redis.call('EXPIRE', key, 2 * GONE_SECONDS)
end

-- The position of the bus; a new server or a lost key begins a new epoch at 0.
local function position(position_key, new_epoch)
  local stored = call_or_replace('HMGET', position_key, 'run_id', 'epoch', 'seq')
  local current = run_id()
  if stored[1] == current and stored[2] and stored[3] then
    return stored[2], tonumber(stored[3])
  end
  redis.call('HSET', position_key, 'run_id', current, 'epoch', new_epoch, 'seq', 0)
  return new_epoch, 0
end

-- A name as JSON; most need no escape.
local function name_json(name)
  if string.find(name, '[^%w _.-]') then return cjson.encode(name) end
  return '"' .. name .. '"'
end

-- Rows by index from 0, in the form of `domain/events/wire.py`. A score stays the text that the server
-- made of the integer. Nil when a member has no row: then the board loses its trust.
local function rows_json(board_key, rows_key, first, last)
  local find, sub = string.find, string.sub
  local found = redis.call('ZREVRANGE', board_key, first, last, 'WITHSCORES')
  if #found == 0 then return '[]' end
  local users = {}
  for i = 1, #found / 2 do users[i] = user_of(found[2 * i - 1]) end
  local rows = redis.call('HMGET', rows_key, unpack(users))
  local parts = {}
  for i, user in ipairs(users) do
    -- The parts of `parse_row`: this takes half of its time.
    local row = rows[i] or ''
    local member = find(row, '|', 1, true)
    local updated = member and find(row, '|', member + 1, true)
    local name = updated and find(row, '|', updated + 1, true)
    if not name then
      redis.call('HDEL', rows_key, MARKER)
      return nil
    end
    parts[i] = '["' .. user .. '",' .. found[2 * i] .. ',' .. sub(row, updated + 1, name - 1) .. ',' .. name_json(sub(row, name + 1))
      .. ',' .. reached_seq_of(found[2 * i - 1]) .. ']'
  end
  return '[' .. table.concat(parts, ',') .. ']'
end

-- The rows of up to so many neighbors on either side of a user and its own, and the rank of the first of
-- them: 0 and none when the user is not on the board. Nil instead of rows as `rows_json`.
local function around_json(board_key, rows_key, user, neighbors)
  local row = redis.call('HGET', rows_key, user)
  local index = false
  if row then
    local _, member = parse_row(row)
    index = redis.call('ZREVRANK', board_key, member)
  end
  if not index then return 0, '[]' end
  local start = math.max(0, index - neighbors)
  return start + 1, rows_json(board_key, rows_key, start, index + neighbors)
end

-- The member of `listened` that says that the others are all of them. The key's absence says nothing.
local ANYBODY = '*'

-- Whether somebody listens to the events of anyone: false only when a process has said that nobody does.
local function anyone_listened_to(key)
  return try('ZCARD', key) ~= 1 or not redis.call('ZSCORE', key, ANYBODY)
end

-- For each of the users whether somebody listens to its events: true for all of them while no process
-- has said to whom it listens. Nil when there is nobody.
local function listened_to(key, users)
  if not anyone_listened_to(key) then return nil end
  local until_times = try('ZMSCORE', key, ANYBODY, unpack(users))
  local known, answer = until_times and until_times[1], {}
  for i = 1, #users do answer[i] = not known or until_times[i + 1] ~= false end
  return answer
end

-- Ranks by user as `write_rows.lua` keeps them for the broadcast.
local function decode_ranks(json)
  return json and cjson.decode(json) or {}
end

-- The ranks, before and now, and the scores of those of the users (a JSON list) to whose events
-- somebody listens; as JSON.
local function standings_json(board_key, rows_key, previous_key, listened_key, users_json)
  local users, moves, scores = {}, {}, {}
  if anyone_listened_to(listened_key) then
    local all = cjson.decode(users_json)
    local listened = #all > 0 and listened_to(listened_key, all) or {}
    for i, user in ipairs(all) do
      if listened[i] then users[#users + 1] = user end
    end
  end
  if #users == 0 then return '{}', '{}' end
  local previous = decode_ranks(try('GET', previous_key))
  local rows = redis.call('HMGET', rows_key, unpack(users))
  for i, user in ipairs(users) do
    local before, now = previous[user], nil
    if rows[i] then
      local _, member = parse_row(rows[i])
      local index = redis.call('ZREVRANK', board_key, member)
      if index then
        now = index + 1
        local score = redis.call('ZSCORE', board_key, member)
        scores[#scores + 1] = '"' .. user .. '":' .. string.format('%.0f', score)
      end
    end
    moves[i] = '"' .. user .. '":[' .. ((before and before ~= 0) and before or 'null')
      .. ',' .. (now or 'null') .. ']'
  end
  return '{' .. table.concat(moves, ',') .. '}', '{' .. table.concat(scores, ',') .. '}'
end

-- The state of a board as `domain/events/wire.py` describes and parses it. `top` and the values of
-- `more` ({name, value, ...}: what one script adds) are JSON; the other texts need no escape.
local function state_json(board, epoch, seq, now, total, top, more)
  local fields = ''
  for i = 1, #more, 2 do fields = fields .. ',"' .. more[i] .. '":' .. more[i + 1] end
  return '{"board":"' .. board .. '","epoch":"' .. epoch .. '","seq":' .. seq .. ',"at":"' .. now
    .. '","total":' .. total .. ',"top":' .. top .. fields .. '}'
end
