"""Rankings made of the ledger: built, replayed, and looked at as of a moment."""
