"""SQL of accounts: identities, sessions, tickets, revocations and players."""
