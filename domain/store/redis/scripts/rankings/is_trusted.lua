-- Answer 1 for each ranking that is complete for this run of the server, else 0.
-- KEYS sorted sets    ARGV for each how ties rank
local answer = {}
for i, set in ipairs(KEYS) do answer[i] = is_ranking_trusted(set, ARGV[i]) and 1 or 0 end
return answer
