"""How well fraud is found: honest players and cheaters, simulated with fixed seeds."""
