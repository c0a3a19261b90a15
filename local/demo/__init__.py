"""`run.py demo`: simulated players, honest and not, who play against the running system."""
