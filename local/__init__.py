"""What `python3 run.py` does on one machine: virtual environment, stores, processes, checks.

`bootstrap`, `commands`, `errors`, `venv` run before `.venv` exists and use the standard
library only. The rest runs inside it. Nothing of the product imports this package.
"""
