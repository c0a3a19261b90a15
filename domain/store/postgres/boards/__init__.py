"""SQL of boards: the ranking and one player's numbers."""
