"""The chart of a run, an SVG for `docs/benchmarks.md`."""

from pathlib import Path

from bench.results import Results

WIDTH, HEIGHT = 900, 560


def draw(results: Results, path: Path) -> None:
    """Write a bar chart of the actions per second (top10: reads) of every arm.

    The scale begins at 0, so that the lengths of the bars are comparable. The open loop is left
    out: its rate is an input, not a result.
    """
    # Here, so that `bench --help` works before the packages of the benchmark are installed.
    import pygal  # noqa: PLC0415
    from pygal.style import CleanStyle  # noqa: PLC0415

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
        title="Actions per second (top10: reads per second)",
        x_title=f"{results.machine['processor']}, {results.machine['cores']} cores for everything",
    )
    shown = [arm for arm in reversed(results.arms) if arm.arm.rate is None and arm.report.answered]
    chart.x_labels = [measured.arm.label for measured in shown]
    chart.add("", [measured.actions_per_s or measured.requests_per_s for measured in shown])
    chart.render_to_file(str(path))
