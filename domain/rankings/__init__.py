"""Rankings: what a board's definition makes of the one ledger of actions, period by period."""
