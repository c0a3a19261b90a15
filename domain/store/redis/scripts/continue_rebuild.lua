-- Answer 1 while the rebuild's token is there; 0 when it is lost, and with it what was written so far.
-- KEYS rows    ARGV token
return try('HGET', KEYS[1], MARKER) == ARGV[1] .. ':' .. run_id() and 1 or 0
