"""The web: how HTTP and sockets talk to the domain."""
