"""`run.py demo`: simulated players, honest ones and cheaters, who play on the running system."""
