"""Policies: their form as JSON, how they are changed, and what a process knows of them."""
