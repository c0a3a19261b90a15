"""Transports: each turns payloads into bytes on one kind of connection."""
