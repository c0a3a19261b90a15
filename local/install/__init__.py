"""The virtual environment."""
