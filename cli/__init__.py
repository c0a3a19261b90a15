"""Operators' commands: `flask --app wsgi …`."""
