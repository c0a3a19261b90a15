"""The tables and the chart of the sizes."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from typing import Any

from bench.reporting.outcome import Grid, Outcome, short
from bench.reporting.plot import draw_lines
from bench.results import Measured
from bench.scale.run import ARMS, Scale
from bench.standard import describe_run

KINDS = ("api", "worker", "postgres", "valkey", "live", "flower")
COUNTS = ("wal_bytes", "index_entries", "blocks", "statements", "redis_commands")


def describe_scales(
    scales: Sequence[Scale], machine: dict[str, Any], settings: dict[str, Any]
) -> Outcome:
    """Return the outcome of the sizes."""
    return Outcome(
        json={
            "machine": machine,
            "settings": settings,
            "scale": [scale.as_json() for scale in scales],
            "ratios": ratios_of(scales),
            "holds": all(scale.holds for scale in scales),
        },
        heading=describe_run(machine, settings),
        grids=(_costs(scales), _sizes(scales)),
        lines=_lines(scales),
        draw=partial(_draw, scales),
        holds=all(scale.holds for scale in scales),
        violations=[scale.violations for scale in scales if scale.violations],
    )


def cost_us(measured: Measured) -> float:
    """Return the CPU time of the stack for an action (rank: a look-up), in microseconds."""
    return sum(us for kind, us in measured.cpu_us.items() if kind != "generator")


def ratios_of(scales: Sequence[Scale]) -> dict[str, float]:
    """Return what an action costs at the largest size, divided by the cost at the smallest."""
    first, last = scales[0], scales[-1]
    pairs = zip(first.arms, last.arms, strict=True)
    return {
        ours.arm.name: round(cost_us(ours) / cost_us(base), 2)
        for base, ours in pairs
        if cost_us(base)
    }


def _costs(scales: Sequence[Scale]) -> Grid:
    head = ["arm", "players", "a second", "p50 ms", "p95 ms", "CPU us", *KINDS]
    head += [name.replace("_", " ") for name in COUNTS]
    rows = [
        _row(measured, scale.players)
        for number in range(len(ARMS))
        for scale in scales
        for measured in [scale.arms[number]]
    ]
    return Grid("Costs of an action (rank: a look-up) by number of players", head, rows)


def _row(measured: Measured, players: int) -> list[str]:
    latencies = measured.report.latencies_ms
    return [
        measured.arm.name,
        f"{players:,}",
        f"{measured.actions_per_s or measured.requests_per_s:,.0f}",
        *(f"{latencies.get(name, 0):.1f}" for name in ("p50", "p95")),
        short(cost_us(measured)),
        *(short(measured.cpu_us.get(kind, 0)) for kind in KINDS),
        *(short(measured.counts.get(name, 0)) for name in COUNTS),
    ]


def _sizes(scales: Sequence[Scale]) -> Grid:
    return Grid(
        "The board by number of players",
        ("players", "rebuild s", "valkey MB", "invariants"),
        [
            [
                f"{scale.players:,}",
                "never" if scale.rebuild_seconds is None else f"{scale.rebuild_seconds:.1f}",
                f"{scale.memory.get('valkey', 0):,.0f}",
                "BROKEN" if scale.violations else "ok",
            ]
            for scale in scales
        ],
    )


def _lines(scales: Sequence[Scale]) -> list[str]:
    first, last = scales[0].players, scales[-1].players
    return [
        f"Cost at {last:,} players, divided by that at {first:,}: `{name}` {ratio}"
        for name, ratio in ratios_of(scales).items()
    ]


def _draw(scales: Sequence[Scale], path: Path) -> None:
    lines = {
        arm.name: [cost_us(scale.arms[number]) for scale in scales]
        for number, arm in enumerate(ARMS)
    }
    draw_lines(
        path,
        title="CPU microseconds for an action (rank: a look-up) by number of players",
        x_labels=[f"{scale.players:,}" for scale in scales],
        lines=lines,
    )
