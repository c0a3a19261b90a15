"""Commands that look at the running system or stop it."""
