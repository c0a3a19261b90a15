"""The tables and the chart of a soak."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from bench.reporting.outcome import Grid, Outcome, short
from bench.reporting.plot import draw_lines
from bench.soak.flatness import Allowance, Trend, settled_from, trend_of
from bench.soak.run import SAMPLE_SECONDS, Soak
from bench.soak.sampling import Sample
from bench.standard import describe_run

Points = Sequence[tuple[float, float]]

# What may still grow: pools and caches in steps, a latency with the machine.
MEMORY = Allowance(share=0.05, absolute=3.0)
COUNT = Allowance(share=0.05, absolute=4.0)
# Autovacuum lets a fifth of a table die before it cleans it.
DEAD = Allowance(share=0.5, absolute=10.0)
LATENCY = Allowance(share=0.5, absolute=10.0)
DRAWN = ("api", "worker", "live", "keeper", "flower", "postgres", "valkey")
ROWS = 20


def describe_soak(found: Soak, machine: dict[str, Any], settings: dict[str, Any]) -> Outcome:
    """Return the outcome of a soak."""
    trends = trends_of(found)
    growing = [name for name, trend in trends.items() if trend is not None and not trend.is_flat]
    return Outcome(
        json={
            "machine": machine,
            "settings": settings,
            "rate": found.rate,
            "seconds": found.seconds,
            "samples": [asdict(sample) for sample in found.samples],
            "latencies_ms": found.report.slices,
            "trends": {name: trend and asdict(trend) for name, trend in trends.items()},
            "check": asdict(found.verdict),
            "growing": growing,
            "holds": found.holds,
        },
        heading=describe_run(machine, settings),
        grids=(_timeline(found), _trends(trends)),
        lines=[_conclude(found, trends, growing)],
        draw=partial(_draw, found),
        holds=found.holds,
        violations=[found.violations] if found.violations else [],
    )


def trends_of(found: Soak) -> dict[str, Trend | None]:
    """Return the trend of each series by its name; None when the soak was too short."""
    settled_at = settled_from(found.seconds)
    series: dict[str, tuple[Points, Allowance]] = {"p99 ms": (_latencies(found), LATENCY)}
    kinds = sorted({kind for sample in found.samples for kind in sample.memory_mb})
    for kind in kinds:
        series |= {
            f"{kind} MB": (_of_kind(found, "memory_mb", kind), MEMORY),
            f"{kind} descriptors": (_of_kind(found, "descriptors", kind), COUNT),
            f"{kind} threads": (_of_kind(found, "threads", kind), COUNT),
        }
    series["Valkey's data MB"] = (_values(found, lambda sample: sample.valkey_mb), MEMORY)
    series["dead tuples %"] = (_values(found, lambda sample: sample.dead_percent), DEAD)
    return {
        name: trend_of(points, settled_at=settled_at, allowance=allowance)
        for name, (points, allowance) in series.items()
    }


def _conclude(found: Soak, trends: Mapping[str, Trend | None], growing: Sequence[str]) -> str:
    first, last = found.samples[0], found.samples[-1]
    grown = (last.tables_mb - first.tables_mb) * 1e6 / max(found.verdict.acknowledged, 1)
    tables = f"Tables and indexes grew by {grown:,.0f} bytes an action."
    if any(trend is None for trend in trends.values()):
        return f"Too short to say what is flat. {tables}"
    after = f"after the first {settled_from(found.seconds) / 60:.1f} minutes"
    if growing:
        return f"Not flat {after}: {', '.join(growing)}. {tables}"
    return f"Flat {after}: everything in the table. {tables}"


def _values(found: Soak, read: Callable[[Sample], float]) -> Points:
    return [(sample.at, read(sample)) for sample in found.samples]


def _of_kind(found: Soak, part: str, kind: str) -> Points:
    return _values(found, lambda sample: getattr(sample, part).get(kind, 0))


def _latencies(found: Soak) -> Points:
    """Return the 99th percentile of each slice that has answers, in milliseconds."""
    return [
        (number * SAMPLE_SECONDS, part["p99"])
        for number, part in enumerate(found.report.slices)
        if part
    ]


def _timeline(found: Soak) -> Grid:
    """Return at most ROWS samples, evenly spread."""
    every = max(-(-len(found.samples) // ROWS), 1)
    head = ["s", "p99 ms", *(f"{kind} MB" for kind in DRAWN)]
    head += ["descriptors", "threads", "tables MB", "dead tuples %", "Valkey's data MB"]
    rows = [_row(found, number) for number in range(every - 1, len(found.samples), every)]
    title = f"{found.rate:g} actions a second for {found.seconds / 60:g} minutes"
    return Grid(title, head, rows)


def _row(found: Soak, number: int) -> list[str]:
    sample, slices = found.samples[number], found.report.slices
    p99 = slices[number].get("p99") if number < len(slices) else None
    return [
        f"{sample.at:.0f}",
        "" if p99 is None else f"{p99:.1f}",
        *(f"{sample.memory_mb.get(kind, 0):.0f}" for kind in DRAWN),
        f"{sum(sample.descriptors.values()):,}",
        f"{sum(sample.threads.values()):,}",
        f"{sample.tables_mb:,.1f}",
        f"{sample.dead_percent:.0f}",
        f"{sample.valkey_mb:.1f}",
    ]


def _trends(trends: Mapping[str, Trend | None]) -> Grid:
    rows = [
        [name, short(trend.first), short(trend.last), "flat" if trend.is_flat else "GROWS"]
        for name, trend in trends.items()
        if trend is not None
    ]
    return Grid(
        "Medians of the first and the last third of the settled time",
        ("series", "first", "last", "verdict"),
        rows,
    )


def _draw(found: Soak, path: Path) -> None:
    slices = found.report.slices
    p99 = [slices[n].get("p99") if n < len(slices) else None for n in range(len(found.samples))]
    lines: dict[str, Sequence[float | None]] = {
        f"{kind} MB": [sample.memory_mb.get(kind) for sample in found.samples] for kind in DRAWN
    }
    draw_lines(
        path,
        title=f"Memory by kind of process (MB) and p99 (ms) at {found.rate:g} actions a second",
        x_labels=[f"{sample.at:.0f} s" for sample in found.samples],
        lines=lines | {"p99 ms": p99},
    )
