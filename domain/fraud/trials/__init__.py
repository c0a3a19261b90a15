"""Trials: what a policy would do with actions that are not, or no longer, to be decided."""
