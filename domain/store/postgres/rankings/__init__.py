"""SQL of the boards that are data: their catalog, and the rows of their rankings."""
