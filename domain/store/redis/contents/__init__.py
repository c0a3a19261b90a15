"""Raw reads of sorted sets and their rows, for comparing them with SQL."""
