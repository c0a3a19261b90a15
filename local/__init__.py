"""The commands of `run.py` on one machine: virtual environment, stores, processes, demo.

`bootstrap`, `commands`, `errors` and `install` run before `.venv` exists and use the standard
library only; everything else runs inside `.venv`. The product never imports this package.
"""
