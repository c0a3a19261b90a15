"""What a run of the benchmark comes to, whatever it measured: tables, lines, JSON, a chart."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Grid:
    """A table: its title, the names of its columns, its rows."""

    title: str
    head: Sequence[str]
    rows: Sequence[Sequence[str]]


def short(value: float) -> str:
    """Return a number with three digits that mean something, or as an integer from 100 on."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """The results of a run; `draw` writes its chart to a file."""

    json: dict[str, Any]
    heading: str
    grids: Sequence[Grid]
    lines: Sequence[str]
    draw: Callable[[Path], None]
    holds: bool
    violations: Sequence[str] = field(default_factory=list)
