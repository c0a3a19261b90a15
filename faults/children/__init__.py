"""Processes of the rig: players, listeners, and the product with a fault built in."""
