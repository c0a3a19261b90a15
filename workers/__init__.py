"""The workers: when work runs, and in which process. The work itself is in the domain."""
