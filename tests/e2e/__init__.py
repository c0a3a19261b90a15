"""Tests of the whole stack, started and used as its users do."""
