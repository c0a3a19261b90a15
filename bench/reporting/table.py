"""What `run.py bench` prints: a line after each arm, and the outcome at the end."""

from rich.console import Console
from rich.table import Table

from bench.reporting.outcome import Grid, Outcome
from bench.results import Measured


def show(console: Console, outcome: Outcome) -> None:
    """Print the tables, the lines, and which invariants are broken."""
    for grid in outcome.grids:
        _show_grid(console, grid)
    for line in (*outcome.lines, *outcome.violations):
        console.print(line, markup=False)


def progress(measured: Measured) -> str:
    """Return the line that is printed after an arm."""
    rate = f"{measured.requests_per_s:,.0f} requests/s"
    if measured.arm.actions_per_request > 1:
        rate += f", {measured.actions_per_s:,.0f} actions/s"
    p50 = measured.report.latencies_ms.get("p50", float("nan"))
    if not measured.holds:
        rate += f", BROKEN ({measured.verdict}; {measured.report.unexpected[:300]})"
    return f"{measured.arm.label}: {rate}, p50 {p50:.1f} ms"


def _show_grid(console: Console, grid: Grid) -> None:
    table = Table(title=grid.title)
    for name in grid.head:
        table.add_column(name, justify="left" if name in ("arm", "answers") else "right")
    for row in grid.rows:
        table.add_row(*row)
    console.print(table)
