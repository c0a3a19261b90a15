"""Tasks, pipeline and keeper."""
