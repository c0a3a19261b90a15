"""What the commands `bench` and `faults` have in common: options, signals and the console."""

import argparse
import signal
import sys

from rich.console import Console

from local.errors import LocalError


def prepare_command(name: str, *, width: int) -> Console:
    """Return the console of a command, `width` columns wide where its output is no terminal.

    SIGTERM then raises KeyboardInterrupt, so that every `finally` runs. Raises LocalError on
    systems other than Linux: processes are observed through /proc.
    """
    if not sys.platform.startswith("linux"):
        raise LocalError(f"'{name}' needs Linux: it uses /proc and epoll.")
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    return Console(highlight=False, width=None if sys.stdout.isatty() else width)


def positive_number(text: str) -> float:
    """Parse an option's number; raises ArgumentTypeError unless it is above 0."""
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number
