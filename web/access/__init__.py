"""Access: authentication, revocation and rate limits."""
