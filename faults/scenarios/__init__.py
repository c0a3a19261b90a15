"""The scenarios: one module for each part of the system in which a fault is injected."""
