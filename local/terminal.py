"""Output of the commands: coloured on a terminal, plain text elsewhere."""

import errno
import os
import sys

NO_ROOM = (errno.ENOSPC, errno.EDQUOT, errno.EFBIG)
COLOURS = {"green": "32", "red": "31", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def has_colour() -> bool:
    """Return whether the output is a terminal that shows colours, and NO_COLOR is not set."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """Return the text in this colour, or unchanged where colours are not shown."""
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if has_colour() else text


def print_line(text: str = "") -> None:
    """Print a line and flush it; ignore a closed terminal, and a full disk behind a file."""
    try:
        print(text, flush=True)
    except OSError as error:
        if error.errno in NO_ROOM:
            return
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - open until the process ends


def print_process_line(process: str, text: str) -> None:
    """Print a line of a process with its name."""
    print_line(f"{paint(f'{process:<12}', 'blue')} {text}")
