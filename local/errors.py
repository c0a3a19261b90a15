"""The one error a command of `run.py` ends with when the reader can do something about it."""


class LocalError(Exception):
    """Says in full sentences what is wrong and what to do; printed without a traceback."""
