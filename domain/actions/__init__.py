"""Actions: what a player did, from intake to its final status."""
