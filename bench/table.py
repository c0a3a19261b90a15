"""The tables that `run.py bench` prints."""

from rich.console import Console
from rich.table import Table

from bench.results import Measured, Results

# "control": the workers of the control, which run in place of the product's.
KINDS = ("api", "worker", "control", "keeper", "live", "postgres", "valkey", "generator")


def show(console: Console, results: Results) -> None:
    """Print rates and latencies, CPU time by kind of process, memory, and ratios."""
    console.print(_rates(results))
    console.print(_cpu(results))
    rest, peak = results.rest.megabytes, results.peak_megabytes
    console.print(
        f"Memory of the stack (PSS, without Flower): {rest} MB at rest, {peak} MB at most."
    )
    for name, ratio in results.ratios.items():
        console.print(f"{name}: {ratio}")


def progress(measured: Measured) -> str:
    """Return the line that is printed after an arm."""
    rate = f"{measured.requests_per_s:,.0f} requests/s"
    if measured.arm.actions_per_request > 1:
        rate += f", {measured.actions_per_s:,.0f} actions/s"
    p50 = measured.report.latencies_ms.get("p50", float("nan"))
    if not measured.holds:
        rate += f", BROKEN ({measured.verdict}; {measured.report.unexpected[:300]})"
    return f"{measured.arm.label}: {rate}, p50 {p50:.1f} ms"


def _rates(results: Results) -> Table:
    table = Table(title="Rates and latencies")
    columns = ("arm", "conn.", "requests/s", "actions/s", "p50 ms", "p95 ms", "p99 ms")
    for name in (*columns, "batch size", "drained in", "applied once"):
        table.add_column(name, justify="left" if name == "arm" else "right")
    table.add_column("answers by status")
    for measured in results.arms:
        latencies = [measured.report.latencies_ms.get(name) for name in ("p50", "p95", "p99")]
        answers = " ".join(f"{s}:{n:,}" for s, n in measured.report.statuses.items())
        verdict = measured.verdict
        table.add_row(
            measured.arm.name,
            str(measured.arm.connections),
            f"{measured.requests_per_s:,.0f}",
            f"{measured.actions_per_s:,.0f}" if measured.arm.actions_per_request else "",
            *("" if value is None else f"{value:,.1f}" for value in latencies),
            measured.mean_batch,
            "never" if measured.drain_seconds is None else f"{measured.drain_seconds:.1f} s",
            "" if verdict is None else f"{verdict.acknowledged:,}" if measured.holds else "BROKEN",
            answers,
        )
    return table


def _cpu(results: Results) -> Table:
    table = Table(title="CPU seconds per 1,000 actions (top10: reads), by kind of process")
    table.add_column("arm")
    table.add_column("conn.", justify="right")
    for kind in (*KINDS, "others", "generator load"):
        table.add_column(kind, justify="right")
    for measured in results.arms:
        spent = measured.cpu_seconds_per_1000
        others = sum(seconds for kind, seconds in spent.items() if kind not in KINDS)
        table.add_row(
            measured.arm.name,
            str(measured.arm.connections),
            *(f"{spent[kind]:.3f}" if kind in spent else "" for kind in KINDS),
            f"{others:.3f}",
            f"{measured.report.cpu_share:.0%}",
        )
    return table
