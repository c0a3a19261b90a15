"""Tests of the launcher: the packages `local` and `devtools`."""
