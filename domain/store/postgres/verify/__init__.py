"""SQL that checks the invariants; called by `domain/verification`."""
