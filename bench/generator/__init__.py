"""The load generator: a separate process, so that its CPU time can be measured separately."""
