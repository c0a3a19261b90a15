"""Leaderboards: standings in SQL, and the sorted set that is rebuilt from them."""
