-- Cache one user's score and statistics, unless the board has a newer version of the user. Without
-- a row nothing would refuse an older name.
-- KEYS user cache, board, rows    ARGV user id, version, value, TTL
if not is_trusted(KEYS[2], KEYS[3]) then return 0 end
local row = redis.call('HGET', KEYS[3], ARGV[1])
if not row then return 0 end
local version = parse_row(row)
if version > tonumber(ARGV[2]) then return 0 end
redis.call('SET', KEYS[1], ARGV[3], 'EX', ARGV[4])
return 1
