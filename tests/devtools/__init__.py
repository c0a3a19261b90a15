"""Tests of `devtools`."""
