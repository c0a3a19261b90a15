"""The benchmark: a separate stack, a lean load generator, and tables of the results."""
