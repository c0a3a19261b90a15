"""The past of a board's channels: its states, what leads from one to the next, and resuming."""
