-- Answer the top and the rows around one user, all of one moment; nil when the ranking is not trusted.
-- KEYS sorted set, rows of the global board
-- ARGV how ties rank, digits of a group, user, neighbors, size of the top, day or ''
-- Answer {total, top, rows around, index or -1, rank, the member ahead or '', rank at the start of the day:
--      0 when the user had none, -1 when it is not known}; top and rows as `read_span`
local set, ties, digits, user = KEYS[1], ARGV[1], tonumber(ARGV[2]), ARGV[3]
if not is_ranking_trusted(set, ties) then return false end

-- The rank with this sort key when the day began.
local function rank_then(key, has_changed)
  local text = ties == 'firstToReach' and key .. ':' .. user or string.sub(key, 1, digits)
  local all = ties == 'dense' and set .. GROUPS or set
  local new, old = 'n', 'b'
  if ties == 'dense' then new, old = 'e', 'd' end
  local count = count_below(all, text)
  if not has_changed then return 1 + count end
  return 1 + count - count_of_day(set, new, text) + count_of_day(set, old, text)
end

local function find_rank_then(key, moved_on, start)
  local day, is_whole = read_day(set)
  if ARGV[6] == '' or not day then return -1 end
  -- Nobody has moved since that day began.
  if day < ARGV[6] then return rank_then(key, false) end
  if day > ARGV[6] or not is_whole then return -1 end
  if moved_on ~= day then return rank_then(key, true) end
  return start == '' and 0 or rank_then(start, true)
end

local total = redis.call('ZCARD', set)
local top = read_span(set, ties, digits, 0, ARGV[5] - 1, KEYS[2])
if not top then return false end
local around, index, rank, ahead, key, moved_on, start =
  read_around(set, ties, digits, user, tonumber(ARGV[4]), KEYS[2])
if not around then return false end
if not index then return {total, top, around, -1, 0, '', -1} end
return {total, top, around, index, rank, ahead, find_rank_then(key, moved_on, start)}
