"""Moderation: what moderators decide of actions and players, and the cases they decide in."""
