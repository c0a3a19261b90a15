"""The table and the chart of the turn of a period."""

from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.boards.turn import Turn
from bench.reporting.outcome import Grid, Outcome
from bench.reporting.plot import draw_lines
from bench.standard import describe_run

AIM_SECONDS = 1.0


def describe_turn(turn: Turn, machine: dict[str, Any], settings: dict[str, Any]) -> Outcome:
    """Return the outcome of a turn."""
    before, during, after = p99_of(turn)
    found = {
        "players": turn.players,
        "first_action_s": _round(turn.probed.acted),
        "first_read_s": _round(turn.probed.read),
        "first_shown_s": _round(turn.probed.shown),
        "sealed_s": turn.sealed_seconds,
        "sealed_rows": turn.sealed_rows,
        "p99_before_ms": before,
        "p99_while_sealing_ms": during,
        "p99_after_ms": after,
        "slices": turn.report.slices,
        "turn_at_slice": turn.at_slice,
        "holds": turn.holds,
    }
    return Outcome(
        json={"machine": machine, "settings": settings, "turn": found, "holds": turn.holds},
        heading=describe_run(machine, settings),
        grids=(_seconds(turn), _latencies(turn)),
        lines=[f"Aim: the first decided action and the first read within {AIM_SECONDS:g} s."],
        draw=partial(_draw, turn),
        holds=turn.holds,
    )


def p99_of(turn: Turn) -> tuple[list[float], list[float], list[float]]:
    """Return the 99th percentiles of the seconds before the turn, until the seal, and after it."""
    values = [each.get("p99", 0.0) for each in turn.report.slices]
    sealed = turn.at_slice + int(turn.sealed_seconds) + 1
    return values[: turn.at_slice], values[turn.at_slice : sealed], values[sealed:]


def _seconds(turn: Turn) -> Grid:
    probed = turn.probed
    head = ("players", "first action s", "first read s", "first player shown s", "sealed s", "rows")
    cells = [
        f"{turn.players:,}",
        *map(_cell, (probed.acted, probed.read, probed.shown, turn.sealed_seconds)),
        f"{turn.sealed_rows:,}",
    ]
    return Grid("From the end of a season to", head, [cells])


def _latencies(turn: Turn) -> Grid:
    rows = [
        [name, str(len(values)), f"{median(values):.1f}", f"{max(values):.1f}"]
        for name, values in zip(("before", "while sealing", "after"), p99_of(turn), strict=True)
        if values
    ]
    title = "99th percentile of a POST, second by second"
    return Grid(title, ("when", "seconds", "median ms", "worst ms"), rows)


def _cell(seconds: float | None) -> str:
    return "never" if seconds is None else f"{seconds:.2f}"


def _round(seconds: float | None) -> float | None:
    return None if seconds is None else round(seconds, 3)


def _draw(turn: Turn, path: Path) -> None:
    values = [each.get("p99") for each in turn.report.slices]
    draw_lines(
        path,
        title=f"99th percentile of a POST in ms; a season of {turn.players:,} players ends at 0 s",
        x_labels=[str(number - turn.at_slice) for number in range(len(values))],
        lines={"p99": values},
    )
