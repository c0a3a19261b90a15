-- Answer {how many rows there are, then for each asked user {mark, rows around it, index or -1, the member
-- ahead or ''}, or 0 when that is what its mark says}; nil when the ranking is not trusted. All of it is of
-- one moment; rows as `read_span`.
-- KEYS sorted set, rows of the global board
-- ARGV how ties rank, digits of a group, JSON [[user, neighbors, mark that the asker knows or ''], ...]
local set, ties, digits = KEYS[1], ARGV[1], tonumber(ARGV[2])
if not is_ranking_trusted(set, ties) then return false end
local answer = {redis.call('ZCARD', set)}
for i, asked in ipairs(cjson.decode(ARGV[3])) do
  local around, index, rank, ahead = read_around(set, ties, digits, asked[1], asked[2], KEYS[2])
  if not around then return false end
  local shown = {around[2], index or -1, rank or 0, ahead or '', unpack(around[3])}
  local mark = redis.sha1hex(table.concat(shown, '|'))
  answer[i + 1] = mark == asked[3] and 0 or {mark, around, index or -1, ahead or ''}
end
return answer
