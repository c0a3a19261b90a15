"""SQL of what readers of rankings ask: which ranking, its order, and its closed revisions."""
