"""Boards in HTTP answers: the top in memory, and its encoded rows."""
