"""Reads the fields of a board's definition as JSON, strictly, part by part."""
