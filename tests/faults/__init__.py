"""The fault rig itself: what it must see, and that it sees it."""
