"""The sorted sets of rankings in Redis: rebuilt from SQL, compared with it, and forgotten."""
