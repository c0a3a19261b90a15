"""Creates `.venv` and installs the locked packages; standard library only."""
