"""Clients: from where actions come, as numbers for keyed hashes; and play sessions."""
