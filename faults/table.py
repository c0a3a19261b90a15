"""The results as a table and as JSON; used by `faults.command`."""

from collections.abc import Sequence
from dataclasses import asdict
from typing import Any

from rich.console import Console
from rich.table import Table

from faults.scenario import Result

COLUMNS = ("sent", "acknowledged", "unknown", "lost", "doubled", "late", "seconds to recover")
SHOWN_FAULTS = 8


def show(console: Console, results: Sequence[Result]) -> None:
    """Print one line for each scenario, and the totals."""
    table = Table(title="Faults")
    table.add_column("scenario")
    for name in COLUMNS:
        table.add_column(name, justify="right")
    table.add_column("ok")
    for result in results:
        table.add_row(result.name, *_numbers(result), "yes" if result.holds else "NO")
    console.print(table)
    sums = [sum(getattr(r.verdict, name) for r in results) for name in COLUMNS[:5]]
    console.print(
        f"{len(results)} scenarios: {sums[0]:,} actions sent, {sums[1]:,} acknowledged,"
        f" {sums[2]:,} with an outcome unknown at first, {sums[3]} lost, {sums[4]} doubled."
    )


def _numbers(result: Result) -> list[str]:
    counts = [f"{getattr(result.verdict, name):,}" for name in COLUMNS[:6]]
    return [*counts, f"{result.seconds_to_recover:.1f}"]


def describe(result: Result) -> str:
    """Return the line that is printed after a scenario, and the lines of what is wrong."""
    verdict, heard = result.verdict, result.listeners
    line = (
        f"{result.name}: {verdict.acknowledged:,} acknowledged, {verdict.unknown} unknown,"
        f" {verdict.lost} lost, {verdict.doubled} doubled,"
        f" recovered in {result.seconds_to_recover:.1f} s"
    )
    if heard is not None:
        line += f"; listeners: {heard.events:,} events, {heard.snapshots} snapshots"
    shown = [f"  {fault}" for fault in result.faults[:SHOWN_FAULTS]]
    more = len(result.faults) - SHOWN_FAULTS
    return "\n".join([line, *shown, *([f"  and {more} more"] if more > 0 else [])])


def as_json(results: Sequence[Result], settings: dict[str, Any]) -> dict[str, Any]:
    """Return the settings and all results."""
    return {"settings": settings, "scenarios": [asdict(r) | {"ok": r.holds} for r in results]}
