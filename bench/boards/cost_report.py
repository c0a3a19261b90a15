"""The tables and the chart of the numbers of boards."""

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.against.turns import middle_round, values_of
from bench.boards.cost import ARMS, PACED, BoardCount
from bench.reporting.outcome import Grid, Outcome, short
from bench.reporting.plot import draw_lines
from bench.results import Measured
from bench.standard import describe_run

AIM_US = 25
KINDS = ("api", "worker", "postgres", "valkey", "live", "keeper", "flower")
COUNTS = ("wal_bytes", "heap_tuples", "index_entries", "blocks", "statements", "redis_commands")


def describe_boards(
    counts: Sequence[BoardCount], machine: dict[str, Any], settings: dict[str, Any]
) -> Outcome:
    """Return the outcome; the first of the counts is the one without boards."""
    holds = all(count.holds for count in counts)
    return Outcome(
        json={
            "machine": machine,
            "settings": settings,
            "boards": [_as_json(count) for count in counts],
            "per_board": {arm.name: _costs_by_count(counts, arm.name) for arm in ARMS},
            "holds": holds,
        },
        heading=describe_run(machine, settings),
        grids=(_totals(counts), _further(counts)),
        lines=_lines(counts),
        draw=partial(_draw, counts),
        holds=holds,
        violations=[count.violations for count in counts if count.violations],
    )


def per_board(base: Sequence[Measured], rounds: Sequence[Measured], boards: int) -> dict[str, Any]:
    """Return what a further board adds to an action, by the names of `values_of`.

    The median of the rounds' differences; of `cpu` also the `least` and the `greatest`.
    """
    pairs = [(values_of(one), values_of(other)) for one, other in zip(base, rounds, strict=True)]
    added = [
        {name: (after[name] - before.get(name, 0)) / boards for name in after}
        for before, after in pairs
    ]
    found: dict[str, float] = {
        name: round(median(one[name] for one in added), 2) for name in added[0]
    }
    cpu = [round(one["cpu"], 2) for one in added]
    return found | {"least": min(cpu), "greatest": max(cpu)}


def _costs_by_count(counts: Sequence[BoardCount], arm: str) -> dict[int, dict[str, float]]:
    base, *others = counts
    return {
        count.boards: per_board(base.rounds[arm], count.rounds[arm], count.boards)
        for count in others
    }


def _totals(counts: Sequence[BoardCount]) -> Grid:
    head = ["arm", "boards", "actions/s", "mean batch", "p50 ms", "p95 ms", "CPU us", *KINDS]
    head += [name.replace("_", " ") for name in COUNTS]
    rows = [_total(arm.name, count) for arm in ARMS for count in counts]
    return Grid("An action by number of boards, the round in the middle", head, rows)


def _total(arm: str, count: BoardCount) -> list[str]:
    measured = middle_round(count.rounds[arm])
    values, latencies = values_of(measured), measured.report.latencies_ms
    return [
        arm,
        str(count.boards),
        f"{measured.actions_per_s:,.0f}",
        measured.mean_batch,
        *(f"{latencies.get(name, 0):.1f}" for name in ("p50", "p95")),
        short(values["cpu"]),
        *_cells(values),
    ]


def _further(counts: Sequence[BoardCount]) -> Grid:
    head = ["arm", "boards", "CPU us", "least to greatest", *KINDS]
    head += [name.replace("_", " ") for name in COUNTS]
    rows = [
        [
            arm.name,
            str(boards),
            short(costs["cpu"]),
            f"{short(costs['least'])} to {short(costs['greatest'])}",
            *_cells(costs),
        ]
        for arm in ARMS
        for boards, costs in _costs_by_count(counts, arm.name).items()
    ]
    title = "What a further board adds to an action: (with so many boards - without) / boards"
    return Grid(title, head, rows)


def _cells(values: Mapping[str, float]) -> list[str]:
    names = [*(f"cpu_{kind}" for kind in KINDS), *COUNTS]
    return [short(values.get(name, 0)) for name in names]


def _lines(counts: Sequence[BoardCount]) -> list[str]:
    return [
        f"A further board, with {boards}: {short(costs['cpu'])} us of CPU for an action (aim:"
        f" {AIM_US})"
        for boards, costs in _costs_by_count(counts, PACED.name).items()
    ]


def _as_json(count: BoardCount) -> dict[str, Any]:
    rounds = {name: [one.as_json() for one in found] for name, found in count.rounds.items()}
    return {"boards": count.boards, "rounds": rounds, "holds": count.holds}


def _draw(counts: Sequence[BoardCount], path: Path) -> None:
    draw_lines(
        path,
        title="CPU microseconds for an action by number of boards",
        x_labels=[str(count.boards) for count in counts],
        lines={
            arm.name: [
                median(values_of(one)["cpu"] for one in count.rounds[arm.name]) for count in counts
            ]
            for arm in ARMS
        },
    )
