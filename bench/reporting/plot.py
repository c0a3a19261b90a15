"""The charts of a run, SVG for `docs/benchmarks.md`. Their scales begin at 0."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from bench.results import Results

WIDTH, HEIGHT = 900, 560
MOST_LABELS = 12


def draw(results: Results, path: Path) -> None:
    """Write a bar chart of the actions per second (top10: reads) of every arm.

    The open loop is left out: its rate is an input, not a result.
    """
    pygal, options = _load()
    chart = pygal.HorizontalBar(
        print_values=True,
        print_values_position="top",
        show_legend=False,
        title="Actions per second (top10: reads per second)",
        x_title=f"{results.machine['processor']}, {results.machine['cores']} cores for everything",
        **options,
    )
    shown = [arm for arm in reversed(results.arms) if arm.arm.rate is None and arm.report.answered]
    chart.x_labels = [measured.arm.label for measured in shown]
    chart.add("", [measured.actions_per_s or measured.requests_per_s for measured in shown])
    chart.render_to_file(str(path))


def draw_lines(
    path: Path, *, title: str, x_labels: Sequence[str], lines: Mapping[str, Sequence[float | None]]
) -> None:
    """Write a chart of one line for each name over the same x axis."""
    pygal, options = _load()
    every = max(-(-len(x_labels) // MOST_LABELS), 1)
    chart = pygal.Line(
        title=title,
        range=(0, max((value for line in lines.values() for value in line if value), default=1)),
        show_minor_x_labels=False,
        **options,
    )
    chart.x_labels = list(x_labels)
    chart.x_labels_major = list(x_labels)[::every]
    for name, line in lines.items():
        chart.add(name, list(line))
    chart.render_to_file(str(path))


def _load() -> tuple[Any, dict[str, Any]]:
    """Return pygal and the options that all charts share."""
    # Here, so that `bench --help` works before the packages of the benchmark are installed.
    import pygal  # noqa: PLC0415
    from pygal.style import CleanStyle  # noqa: PLC0415

    options = {
        "style": CleanStyle,
        "width": WIDTH,
        "height": HEIGHT,
        "include_x_axis": True,
        "js": [],
        "value_formatter": lambda value: f"{value:,.0f}",
    }
    return pygal, options
