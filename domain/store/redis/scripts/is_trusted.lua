-- Whether the board is complete for this very server.
-- KEYS marker
return is_trusted(KEYS[1]) and 1 or 0
