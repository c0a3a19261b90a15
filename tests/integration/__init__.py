"""Store and use cases on real PostgreSQL and Redis."""
