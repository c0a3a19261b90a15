"""Health: whether this process may take traffic, and the state of each part of the system."""
