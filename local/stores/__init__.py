"""The launcher's own PostgreSQL and Valkey."""
