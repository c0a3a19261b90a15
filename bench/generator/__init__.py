"""The load generator: a process of its own, so that its share of the CPU can be told apart."""
