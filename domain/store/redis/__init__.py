"""Redis: the client, the keys, and the scripts that run in the server."""
