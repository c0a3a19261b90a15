"""The bench: a stack of its own, a lean load generator, and a table of what was measured."""
