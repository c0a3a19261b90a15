"""The live process and its protocol `laurel.v1`: connections, the hub, and what it sends."""
