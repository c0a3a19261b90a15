"""The picture of a run, an SVG for `docs/benchmarks.md`."""

from pathlib import Path

import pygal
from pygal.style import CleanStyle

from bench.results import Results

WIDTH, HEIGHT = 900, 560


def draw(results: Results, path: Path) -> None:
    """Write actions a second (reads for top10) of every arm as bars.

    The scale begins at 0, so that bars are as long as their numbers are large. The open loop is
    left out: its rate is chosen, not found.
    """
    chart = pygal.HorizontalBar(
        style=CleanStyle,
        width=WIDTH,
        height=HEIGHT,
        print_values=True,
        print_values_position="top",
        include_x_axis=True,
        show_legend=False,
        js=[],
        value_formatter=lambda value: f"{value:,.0f}",
        title="Actions a second (top10: reads a second)",
        x_title=f"{results.machine['processor']}, {results.machine['cores']} cores for all",
    )
    shown = [arm for arm in reversed(results.arms) if arm.arm.rate is None and arm.report.answered]
    chart.x_labels = [measured.arm.label for measured in shown]
    chart.add("", [measured.actions_per_s or measured.requests_per_s for measured in shown])
    chart.render_to_file(str(path))
