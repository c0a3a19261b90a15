"""The live protocol `laurel.v1`: sockets, the hub they hang on, and their writers."""
