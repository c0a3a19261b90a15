-- Answer {how many users there are, then for each asked one {mark, rank of the first row, rows around it as
-- JSON}, or 0 when the rows are those of its mark}; nil when the board is not trusted. The rank is 0 when the
-- user is not on the board. All of it is of one moment.
-- KEYS board, rows    ARGV JSON [[user id, neighbors, mark of the rows that the asker knows or ''], ...]
if not is_trusted(KEYS[1], KEYS[2]) then return false end
local answer = {redis.call('ZCARD', KEYS[1])}
for i, asked in ipairs(cjson.decode(ARGV[1])) do
  local first, around = around_json(KEYS[1], KEYS[2], asked[1], asked[2])
  if not around then return false end
  local mark = redis.sha1hex(first .. around)
  answer[i + 1] = mark == asked[3] and 0 or {mark, first, around}
end
return answer
