"""Child processes: players, listeners, and processes of the product with a fault built in."""
