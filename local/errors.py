"""The error of every command of `run.py` that the user can do something about."""


class LocalError(Exception):
    """Says in full sentences what is wrong and what to do; printed without a traceback."""
