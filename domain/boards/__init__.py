"""Leaderboards: who stands where, in SQL and in the sorted set alike."""
