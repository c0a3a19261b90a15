"""The views, one subject per module (load, one domain call, dump), and the table of endpoints."""
