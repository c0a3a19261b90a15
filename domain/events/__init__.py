"""Events: what listeners receive of each batch, under one position of the bus."""
