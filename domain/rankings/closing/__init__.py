"""Closing: what time does to boards: periods end, buckets leave, and old periods are removed."""
