"""Live: what listeners are told, with one position for every batch."""
