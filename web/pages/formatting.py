"""How numbers are written in pages that the server renders: as `static/format.js` writes them.

Called by `rendering.py`, which offers these functions to templates as filters.
"""

MINUS = "−"
NOTHING = "–"


def format_number(value: float | None, decimals: int = 0) -> str:
    """Return a number with groups of three, such as `1,234`; a dash for what is not known."""
    return NOTHING if value is None else f"{value:,.{decimals}f}".replace("-", MINUS)


def format_count(count: int, one: str) -> str:
    """Return a count with its noun: `1 player`, `1,234 players`."""
    return f"{format_number(count)} {one}" + ("" if count == 1 else "s")
