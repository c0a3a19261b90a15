"""The server: RSGI, greenlets on the event loop, and the background services."""
