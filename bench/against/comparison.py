"""The tables of a comparison with another commit."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from bench.against.turns import P50, P95, RATE, Ratio, Turns, medians
from bench.reporting.grids import COUNTS, KINDS
from bench.reporting.outcome import Grid, short

_MAIN = {RATE: "rate", P50: "p50", P95: "p95", "cpu": "CPU"}
_STACK = tuple(kind for kind in KINDS if kind not in ("control", "floor", "generator"))


@dataclass(kw_only=True)
class Comparison:
    """The arms of two commits, measured in turn."""

    commit: str
    other: str
    rounds: int
    turns: list[Turns] = field(default_factory=list)
    violations: str | None = None  # of the other commit's invariants

    @property
    def holds(self) -> bool:
        """Return whether every check held on both sides and in every round."""
        measured = [m for turn in self.turns for m in (*turn.ours, *turn.theirs)]
        return all(one.holds for one in measured) and not self.violations

    def as_json(self) -> dict[str, Any]:
        """Return what `--json` writes of the comparison."""
        return {
            "commit": self.commit,
            "other": self.other,
            "rounds": self.rounds,
            "arms": [turn.as_json() for turn in self.turns],
            "holds": self.holds,
        }


def grids_of(found: Comparison) -> Sequence[Grid]:
    """Return the tables: the ratios first, then CPU and counts of both commits."""
    compared = [turn for turn in found.turns if turn.theirs]
    pair = f"{found.commit} against {found.other}"
    return (
        Grid(
            f"{pair}, {found.rounds} rounds in turn: medians, and the median of the ratios pair by"
            " pair (least to greatest)",
            ("arm", "connections", "actions/s", f"at {found.other}", *_MAIN.values()),
            [_main_row(turn) for turn in compared],
        ),
        Grid(
            f"CPU microseconds for an action by kind of process, {pair}: median / median (ratio)",
            ("arm", "connections", *_STACK),
            [_pairs(turn, [f"cpu_{kind}" for kind in _STACK]) for turn in compared],
        ),
        Grid(
            f"What an action writes, touches and sends, {pair}: median / median (ratio)",
            ("arm", "connections", *COUNTS.values()),
            [_pairs(turn, list(COUNTS)) for turn in compared],
        ),
    )


def _main_row(turn: Turns) -> list[str]:
    ratios = turn.ratios
    rates = [f"{medians(rounds).get(RATE, 0):,.0f}" for rounds in (turn.ours, turn.theirs)]
    cells = [_with_range(ratios[name]) if name in ratios else "" for name in _MAIN]
    return [turn.arm.name, str(turn.arm.connections), *rates, *cells]


def _pairs(turn: Turns, names: Sequence[str]) -> list[str]:
    ours, theirs, ratios = medians(turn.ours), medians(turn.theirs), turn.ratios
    cells = [
        f"{short(ours.get(name, 0))} / {short(theirs.get(name, 0))}"
        + (f" ({ratios[name].median:.2f})" if name in ratios else "")
        for name in names
    ]
    return [turn.arm.name, str(turn.arm.connections), *cells]


def _with_range(ratio: Ratio) -> str:
    return f"{ratio.median:.2f} ({ratio.least:.2f} to {ratio.greatest:.2f})"
