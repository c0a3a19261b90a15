"""Transports: each turns messages into bytes on one kind of connection."""
