"""PostgreSQL and Valkey as servers of the launcher: programs, data folders, start and readiness."""
