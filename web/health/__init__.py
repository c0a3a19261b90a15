"""Health: whether this process may take traffic, and how each part of the system is."""
