"""The tables of the arms: rates, CPU time and counts."""

from bench.reporting.outcome import Grid, short
from bench.results import Measured, Results

# "control" and "floor": what runs in place of the product in these arms.
KINDS = (
    *("api", "worker", "control", "floor", "keeper", "live", "flower", "postgres", "valkey"),
    "generator",
)
COUNTS = {
    "wal_bytes": "WAL bytes",
    "heap_tuples": "heap tuples",
    "index_entries": "index entries",
    "row_locks": "row locks",
    "blocks": "blocks",
    "statements": "statements",
    "commits": "commits",
    "redis_commands": "Redis commands",
    "messages": "Celery messages",
}


def rates(results: Results) -> Grid:
    """Return rates and latencies by arm."""
    head = ["arm", "connections", "requests/s", "actions/s", "p50 ms", "p95 ms", "p99 ms"]
    head += ["mean batch", "drained in", "applied once", "answers"]
    return Grid("Rates and latencies", head, [_rates(measured) for measured in results.arms])


def cpu(results: Results) -> Grid:
    """Return CPU time by arm and kind of process."""
    return Grid(
        "CPU microseconds for an action (top10: a read), by kind of process",
        ("arm", "connections", *KINDS, "others", "generator load"),
        [_cpu(measured) for measured in results.arms],
    )


def counts(results: Results) -> Grid:
    """Return the counts of the stores by arm."""
    return Grid(
        "What an action (top10: a read) writes, touches and sends",
        ("arm", "connections", *COUNTS.values()),
        [[*_names(measured), *count_cells(measured.counts)] for measured in results.arms],
    )


def count_cells(found: dict[str, float]) -> list[str]:
    """Return the cells of COUNTS, empty where there is no count."""
    return [short(found[name]) if name in found else "" for name in COUNTS]


def _rates(measured: Measured) -> list[str]:
    latencies = [measured.report.latencies_ms.get(name) for name in ("p50", "p95", "p99")]
    drained, verdict = measured.drain_seconds, measured.verdict
    return [
        *_names(measured),
        f"{measured.requests_per_s:,.0f}",
        f"{measured.actions_per_s:,.0f}" if measured.arm.actions_per_request else "",
        *("" if value is None else f"{value:,.1f}" for value in latencies),
        measured.mean_batch,
        "never" if drained is None else f"{drained:.1f} s",
        "" if verdict is None else f"{verdict.acknowledged:,}" if measured.holds else "BROKEN",
        ", ".join(f"{status}: {n:,}" for status, n in measured.report.statuses.items()),
    ]


def _cpu(measured: Measured) -> list[str]:
    spent = measured.cpu_us
    others = sum(value for kind, value in spent.items() if kind not in KINDS)
    return [
        *_names(measured),
        *(f"{spent[kind]:,.0f}" if kind in spent else "" for kind in KINDS),
        f"{others:,.0f}",
        f"{measured.report.cpu_share:.0%}",
    ]


def _names(measured: Measured) -> tuple[str, str]:
    return measured.arm.name, str(measured.arm.connections)
