"""PostgreSQL: the engine, the tables, and the SQL of every table family."""
