"""Verification: what must always be true, checked, and whatever breaks it named."""
