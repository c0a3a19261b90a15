"""The store: all SQL and all Redis of Laurel, one module per family of tables."""
