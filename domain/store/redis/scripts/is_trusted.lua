-- Answer 1 when the board is complete for this run of the server, else 0.
-- KEYS board, rows
return is_trusted(KEYS[1], KEYS[2]) and 1 or 0
