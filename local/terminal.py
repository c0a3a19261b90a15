"""What a command writes to the terminal; plain text when that is no terminal."""

import os
import sys

COLOURS = {"green": "32", "red": "31", "yellow": "33", "blue": "34", "dim": "2", "bold": "1"}


def has_colour() -> bool:
    """Return whether colours are wanted and can be shown."""
    return sys.stdout.isatty() and "NO_COLOR" not in os.environ and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: str) -> str:
    """Return the text in a colour, or as it is."""
    return f"\x1b[{COLOURS[colour]}m{text}\x1b[0m" if has_colour() else text


def say(text: str = "") -> None:
    """Write a line at once, also through a pipe; a closed terminal is no reason to stop."""
    try:
        print(text, flush=True)
    except OSError:
        sys.stdout = open(os.devnull, "w")  # noqa: SIM115 - for the rest of our life


def say_of(process: str, text: str) -> None:
    """Write a line that belongs to one process."""
    say(f"{paint(f'{process:<12}', 'blue')} {text}")
