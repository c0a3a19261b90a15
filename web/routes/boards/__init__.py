"""Boards for their readers: standings, and players on them."""
