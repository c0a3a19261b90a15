"""The views of the caller's own account: reading, changing and ending it, its second factor."""
