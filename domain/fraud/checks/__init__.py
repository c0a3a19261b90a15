"""The checks: one file each, with its signals, its settings, its reasons and its pure function."""
