"""Standings of the past: where a player stood, made of the ledger and the rows of now."""
