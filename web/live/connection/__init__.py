"""One connection: the handshake, its credential, its limits, and its session."""
