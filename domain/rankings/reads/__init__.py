"""Reads of rankings: which one is asked for, its pages, and a player's place in it."""
