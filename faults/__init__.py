"""The fault rig: breaks a stack of its own while players play, and checks what became of it."""
