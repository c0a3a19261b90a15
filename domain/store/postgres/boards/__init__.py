"""SQL of boards: the ranking, and one player's score and statistics."""
