"""Transports: how payloads become bytes on one connection."""
