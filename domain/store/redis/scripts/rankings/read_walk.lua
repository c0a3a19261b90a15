-- Answer rows of a walk; nil when it is over.
-- KEYS sorted set, rows of the global board    ARGV walk, index, limit
-- Answer {total, {member, time, name, ...}}
local total, members, times = walk_rows(KEYS[1] .. WALK .. ARGV[1], tonumber(ARGV[2]), tonumber(ARGV[3]))
if not total then return false end
return {total, flat_rows(members, times, KEYS[2])}
