-- Answer {rank or 0, ...} for user ids in order; nil when the ranking is not trusted.
-- KEYS sorted set    ARGV how ties rank, digits of a group, user ids
local set, ties, digits = KEYS[1], ARGV[1], tonumber(ARGV[2])
if not is_ranking_trusted(set, ties) then return false end
local answer = {}
for i = 3, #ARGV do
  local _, key = parse_row(redis.call('HGET', set .. ROWS, ARGV[i]) or '')
  local member = key and key .. ':' .. ARGV[i]
  local index = member and redis.call('ZRANK', set, member)
  answer[i - 2] = index and rank_of(set, ties, digits, member, index) or 0
end
return answer
