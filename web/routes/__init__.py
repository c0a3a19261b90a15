"""HTTP routes, one subject a module: load, one domain call, dump."""
