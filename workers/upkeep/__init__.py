"""Upkeep: what the keeper does for boards, each duty when it is due."""
