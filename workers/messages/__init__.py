"""The messages of the chain: what they hold, and how one reaches the task that it is for."""
