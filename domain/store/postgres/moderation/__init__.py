"""SQL of moderation: acts, cases, and what moderators look at."""
