-- Write absolute rows of several rankings and refuse older versions; answer the numbers, from 1, of the
-- rankings that nobody has declared complete in this run of the server and nobody is rebuilding.
-- KEYS sorted sets
-- ARGV for each a JSON of: the digits of a group of a dense ranking or 0, the day or '', then of all rows
--      the users, members ('' removes), versions, and rows without their day

-- The day whose changes are to be kept or nil, and the member that begins a new day or nil. The start of
-- a day is known only to a ranking that was trusted and had a day before. A row of a day that is over is
-- one of the day that it comes in.
local function open_day(set, day, is_trusted_now)
  if day == '' then return nil, nil end
  local label, is_whole = read_day(set)
  if label and label >= day then
    if is_whole and not is_trusted_now then return nil, '!' .. label .. '?' end
    return is_whole and label or nil, nil
  end
  local knows_start = label ~= nil and is_trusted_now
  return knows_start and day or nil, '!' .. day .. (knows_start and '+' or '?')
end

local function call_all(command, key, values)
  if #values > 0 then redis.call(command, key, unpack(values)) end
end

local function push(list, first, second)
  list[#list + 1] = first
  list[#list + 1] = second
end

-- Change the groups of a dense ranking after its members have changed; `entered` and `left` are by group.
local function write_groups(set, entered, left, is_kept)
  local groups, day = set .. GROUPS, set .. DAY
  local added, emptied = {}, {}
  for group in pairs(entered) do
    if not is_kept then
      push(added, 0, group)
    elseif redis.call('ZADD', groups, 0, group) == 1 and redis.call('ZREM', day, 'd' .. group) == 0 then
      redis.call('ZADD', day, 0, 'e' .. group)
    end
  end
  call_all('ZADD', groups, added)
  for group in pairs(left) do
    local rest = redis.call('ZRANGEBYLEX', set, '[' .. group, '(' .. group .. 'g', 'LIMIT', 0, 1)
    if #rest == 0 then
      emptied[#emptied + 1] = group
      if is_kept and redis.call('ZREM', day, 'e' .. group) == 0 then redis.call('ZADD', day, 0, 'd' .. group) end
    end
  end
  call_all('ZREM', groups, emptied)
end

local function write(set, digits, day, users, members, versions, texts)
  local rows = set .. ROWS
  local stored = try('HMGET', rows, MARKER, unpack(users))
  -- Keys of another type: nothing is written, and the rebuild fills them again from SQL.
  if stored == nil or try('ZCARD', set) == nil then return true end
  local marker = stored[1] or ''
  local is_marked = marker == run_id()
  local is_lost = digits > 0 and try('ZCARD', set .. GROUPS) == nil
    or digits > 0 and redis.call('EXISTS', set .. GROUPS) ~= redis.call('EXISTS', set)
  local kept_day, new_day = open_day(set, day, is_marked)
  table.remove(stored, 1)
  local gone = find_gone(set, users, stored)
  local added, removed, fields, dropped, buried = {}, {}, {}, {}, {}
  local day_added, day_removed, entered, left = {}, {}, {}, {}
  for i, user in ipairs(users) do
    local row, member = stored[i] or gone[i], members[i]
    local version, old, moved_on, start, _ = -1, '', '', ''
    if row and kept_day then
      version, old, _, moved_on, start = parse_row(row)
    elseif row then
      version, old = parse_place(row)
    end
    if versions[i] > version then
      local is_there, was_there = member ~= '', old ~= '' and old ~= nil
      local before = was_there and old .. ':' .. user or ''
      if before ~= member then
        if is_there then push(added, 0, member) end
        if was_there then removed[#removed + 1] = before end
        if kept_day then
          if not new_day and moved_on == kept_day then
            if was_there then day_removed[#day_removed + 1] = 'n' .. before end
          else
            moved_on, start = kept_day, old or ''
            if was_there then push(day_added, 0, 'b' .. before) end
          end
          if is_there then push(day_added, 0, 'n' .. member) end
        end
        if digits > 0 then
          local group = string.sub(member, 1, digits)
          local old_group = was_there and string.sub(old, 1, digits) or group
          if is_there then entered[group] = true end
          if old_group ~= group then left[old_group] = true end
        end
      end
      local text = texts[i] .. ((moved_on or '') == '' and '||' or '|' .. moved_on .. '|' .. start)
      if is_there then
        push(fields, user, text)
      else
        push(buried, user, text)
        if stored[i] then dropped[#dropped + 1] = user end
      end
    end
  end
  -- The first one may be refused when memory is full, before anything has changed.
  call_all('ZADD', set, added)
  call_all('ZREM', set, removed)
  call_all('HSET', rows, fields)
  call_all('HDEL', rows, dropped)
  bury(set, buried)
  if new_day then
    redis.call('UNLINK', set .. DAY)
    redis.call('ZADD', set .. DAY, 0, new_day)
  end
  call_all('ZREM', set .. DAY, day_removed)
  call_all('ZADD', set .. DAY, day_added)
  if is_lost then
    redis.call('DEL', set .. GROUPS)
    redis.call('HDEL', rows, MARKER)
    return true
  end
  if digits > 0 then write_groups(set, entered, left, kept_day) end
  if #fields > 0 or #buried > 0 then redis.call('DEL', set .. FRESH) end
  return not is_marked and string.sub(marker, -#run_id() - 1) ~= ':' .. run_id()
end

local answer = {}
for i, set in ipairs(KEYS) do
  if write(set, unpack(cjson.decode(ARGV[i]))) then answer[#answer + 1] = i end
end
return answer
