"""Boards as HTTP answers: the cached top and its encoded rows."""
