"""Audit: the hash-chained record of every final transition."""
