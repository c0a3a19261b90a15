"""What is made of the ledger again: builds of versions, replays, standings of the past."""
