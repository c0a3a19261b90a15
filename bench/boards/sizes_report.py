"""The tables and the chart of the sizes of boards."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.against.turns import medians
from bench.boards.sizes import ARMS, BoardSize
from bench.reporting.outcome import Grid, Outcome, short
from bench.reporting.plot import draw_lines
from bench.standard import describe_run

AIM_RATIO, AIM_SECONDS = 1.5, 90
KINDS = ("api", "worker", "postgres", "valkey", "live", "keeper", "flower")


def describe_board_sizes(
    sizes: Sequence[BoardSize], machine: dict[str, Any], settings: dict[str, Any]
) -> Outcome:
    """Return the outcome of the sizes, the smallest first."""
    holds = all(size.holds for size in sizes)
    return Outcome(
        json={
            "machine": machine,
            "settings": settings,
            "sizes": [_as_json(size) for size in sizes],
            "ratios": ratios_of(sizes),
            "holds": holds,
        },
        heading=describe_run(machine, settings),
        grids=(_reads(sizes), _sets(sizes)),
        lines=_lines(sizes),
        draw=partial(_draw, sizes),
        holds=holds,
    )


def ratios_of(sizes: Sequence[BoardSize]) -> dict[str, dict[str, float]]:
    """Return CPU and p50 of a read at the largest size, divided by those at the smallest.

    The median of the rounds' ratios.
    """
    first, last = sizes[0], sizes[-1]
    found: dict[str, dict[str, float]] = {}
    for arm in ARMS:
        pairs = zip(first.rounds[arm.name], last.rounds[arm.name], strict=True)
        values = [(medians([one]), medians([other])) for one, other in pairs]
        found[arm.name] = {
            name: round(median(after[name] / before[name] for before, after in values), 2)
            for name in ("cpu", "p50_ms")
            if all(before.get(name) for before, _ in values)
        }
    return found


def _reads(sizes: Sequence[BoardSize]) -> Grid:
    head = ["arm", "players", "a second", "p50 ms", "p95 ms", "CPU us", *KINDS]
    rows = [_read(arm.name, size) for arm in ARMS for size in sizes]
    return Grid("A read by number of players on the board, medians of the rounds", head, rows)


def _read(arm: str, size: BoardSize) -> list[str]:
    values = medians(size.rounds[arm])
    return [
        arm,
        f"{size.players:,}",
        f"{values['rate']:,.0f}",
        *(f"{values.get(name, 0):.1f}" for name in ("p50_ms", "p95_ms")),
        short(values["cpu"]),
        *(short(values.get(f"cpu_{kind}", 0)) for kind in KINDS),
    ]


def _sets(sizes: Sequence[BoardSize]) -> Grid:
    return Grid(
        "Sorted sets by number of players",
        ("players", "ten boards back s", "one board made s", "valkey MB"),
        [
            [
                f"{size.players:,}",
                f"{size.tenths_seconds:.1f}",
                f"{size.whole_seconds:.1f}",
                f"{size.memory.get('valkey', 0):,.0f}",
            ]
            for size in sizes
        ],
    )


def _lines(sizes: Sequence[BoardSize]) -> list[str]:
    first, last = sizes[0].players, sizes[-1].players
    ratios = [
        f"At {last:,} players, divided by {first:,}: `{name}` {found.get('cpu')} of the CPU,"
        f" {found.get('p50_ms')} of p50 (aim: {AIM_RATIO})"
        for name, found in ratios_of(sizes).items()
    ]
    seconds = sizes[-1].tenths_seconds
    rebuilt = f"Ten boards with {last:,} rows in all were back {seconds} s after Valkey was emptied"
    return [*ratios, f"{rebuilt} (aim: {AIM_SECONDS} s)"]


def _as_json(size: BoardSize) -> dict[str, Any]:
    return {
        "players": size.players,
        "tenths_s": size.tenths_seconds,
        "whole_s": size.whole_seconds,
        "memory_mb": size.memory,
        "rounds": {name: [one.as_json() for one in found] for name, found in size.rounds.items()},
        "holds": size.holds,
    }


def _draw(sizes: Sequence[BoardSize], path: Path) -> None:
    draw_lines(
        path,
        title="CPU microseconds for a read by number of players on the board",
        x_labels=[f"{size.players:,}" for size in sizes],
        lines={arm.name: [medians(size.rounds[arm.name])["cpu"] for size in sizes] for arm in ARMS},
    )
