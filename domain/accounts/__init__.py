"""Accounts: identities, passwords, sessions and tickets."""
