"""SQL of versions that are built from the ledger, and of what is compared with it."""
