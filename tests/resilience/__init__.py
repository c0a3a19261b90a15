"""Tests of the product under faults, each of which ends with `verify`.

`tests.faults` tests the package `faults`, which injects faults into a whole stack.
"""
