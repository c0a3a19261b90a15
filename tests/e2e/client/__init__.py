"""The client for browsers, driven in a real one on a page that has nothing else."""
