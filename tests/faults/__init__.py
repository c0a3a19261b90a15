"""Tests of `faults`: that it detects what is wrong. `tests.resilience` tests the product."""
