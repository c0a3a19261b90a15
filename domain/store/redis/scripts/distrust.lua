-- Revoke the board's trust.
-- KEYS rows
try('HDEL', KEYS[1], MARKER)
return 1
