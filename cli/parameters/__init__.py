"""Parameters that several commands take: who runs them, why, and when."""
