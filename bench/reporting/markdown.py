"""An outcome as Markdown for `docs/benchmarks.md`, where no number is typed by hand."""

from bench.reporting.outcome import Grid, Outcome


def write_markdown(outcome: Outcome) -> str:
    """Return the heading, the tables and the lines."""
    parts = [outcome.heading, *map(write_grid, outcome.grids), *outcome.lines]
    return "\n\n".join(parts) + "\n"


def write_grid(grid: Grid) -> str:
    """Return one table below its title."""
    lines = [grid.head, ["---"] * len(grid.head), *grid.rows]
    table = "\n".join("| " + " | ".join(line) + " |" for line in lines)
    return f"{grid.title}:\n\n{table}"
