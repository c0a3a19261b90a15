"""Tests of `bench`: that it counts correctly. No test depends on how fast anything is."""
