"""Shows a running demo: tables on a terminal, one line every five seconds elsewhere."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any, Protocol

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table

from local.demo.statistics import Snapshot
from local.terminal import print_line

LINE_EVERY_SECONDS = 5.0


class Screen(Protocol):
    """Where the demo shows its counts, once a second."""

    def show(self, snapshot: Snapshot, top: list[dict[str, Any]]) -> None:
        """Show the counts and the top of the board."""


class LiveScreen:
    """Two tables that are updated in place."""

    def __init__(self, live: Live, started_at: float) -> None:
        self._live = live
        self._started_at = started_at

    def show(self, snapshot: Snapshot, top: list[dict[str, Any]]) -> None:
        """Update both tables."""
        elapsed = time.monotonic() - self._started_at
        counts = Table(title=f"{snapshot.sent} actions in {elapsed:.0f} s", title_justify="left")
        counts.add_column("answer")
        counts.add_column("count", justify="right")
        for outcome, count in snapshot.outcomes.items():
            counts.add_row(outcome, str(count))
        counts.add_section()
        counts.add_row("sent again", str(snapshot.retries))
        counts.add_row("p50 / p95", _times(snapshot))
        self._live.update(Group(counts, _board(top)))


class LineScreen:
    """One line every few seconds."""

    def __init__(self) -> None:
        self._next_at = 0.0

    def show(self, snapshot: Snapshot, top: list[dict[str, Any]]) -> None:
        """Print a line, at most one every LINE_EVERY_SECONDS."""
        if time.monotonic() < self._next_at:
            return
        self._next_at = time.monotonic() + LINE_EVERY_SECONDS
        print_line(summary(snapshot))
        if top:
            leaders = ", ".join(f"{row.get('username')} {row.get('score')}" for row in top[:3])
            print_line(f"  top: {leaders}")


@contextmanager
def open_screen() -> Iterator[Screen]:
    """Yield the display for the kind of output: terminal or not."""
    console = Console()
    if not console.is_terminal:
        yield LineScreen()
        return
    with Live(console=console, refresh_per_second=4) as live:
        yield LiveScreen(live, time.monotonic())


def summary(snapshot: Snapshot) -> str:
    """Return the counts as one line."""
    outcomes = "  ".join(f"{outcome}: {count}" for outcome, count in snapshot.outcomes.items())
    return f"{snapshot.sent} actions  {outcomes}  p50/p95: {_times(snapshot)}"


def _times(snapshot: Snapshot) -> str:
    if snapshot.p50_ms is None or snapshot.p95_ms is None:
        return "-"
    return f"{snapshot.p50_ms:.0f} / {snapshot.p95_ms:.0f} ms"


def _board(top: list[dict[str, Any]]) -> Table:
    board = Table(title="Leaderboard", title_justify="left")
    for name in ("rank", "player", "score"):
        board.add_column(name, justify="left" if name == "player" else "right")
    for row in top:
        board.add_row(str(row.get("rank")), str(row.get("username")), str(row.get("score")))
    return board
