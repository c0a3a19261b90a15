"""What the benchmark and the fault injection share: a stack of their own, players, HTTP bytes.

Imports `local` only. `bench` and `faults` both build on it and never import each other.
"""
