"""Tests of `rig`, the package that the benchmark and the fault injection share."""
