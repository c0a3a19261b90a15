"""The server: RSGI, greenlets on the event loop, and what runs beside the requests."""
