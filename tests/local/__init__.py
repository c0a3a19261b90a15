"""Tests of the launcher, the package `local`."""
