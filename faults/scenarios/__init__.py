"""What is broken: one module for each part of the system that it is broken in."""
