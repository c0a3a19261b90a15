"""Arms that were measured on two commits in turn, and their ratios pair by pair.

A machine that wobbles is as fast in both halves of a pair, more or less; so a ratio of two medians
says less than the median of the ratios of the pairs.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any

from bench.arms import Arm
from bench.results import Measured

RATE, P50, P95 = "rate", "p50_ms", "p95_ms"


@dataclass(frozen=True)
class Ratio:
    """The median of the ratios this commit / the other, and the least and the greatest of them."""

    median: float
    least: float
    greatest: float


@dataclass(kw_only=True)
class Turns:
    """The rounds of one arm: what this commit and the other did, in turn."""

    arm: Arm
    ours: list[Measured] = field(default_factory=list)
    theirs: list[Measured] = field(default_factory=list)

    @property
    def ratios(self) -> dict[str, Ratio]:
        """Return the ratios of rate, p50, p95, CPU (`cpu_KIND`, `cpu`) and counts by name.

        Empty for an arm that was measured on one commit only.
        """
        if not self.theirs:
            return {}
        return pair_ratios([values_of(m) for m in self.ours], [values_of(m) for m in self.theirs])

    def as_json(self) -> dict[str, Any]:
        """Return the ratios, the medians and every round."""
        return {
            "name": self.arm.name,
            "connections": self.arm.connections,
            "ratios": {name: vars(ratio) for name, ratio in self.ratios.items()},
            "medians": [medians(self.ours), medians(self.theirs)],
            "rounds": [[m.as_json() for m in self.ours], [m.as_json() for m in self.theirs]],
        }


def values_of(measured: Measured) -> dict[str, float]:
    """Return what is compared of one round; `cpu` is that of the stack without the generator."""
    latencies = measured.report.latencies_ms
    spent = {kind: us for kind, us in measured.cpu_us.items() if kind != "generator"}
    return {
        RATE: measured.actions_per_s or measured.requests_per_s,
        **{f"{name}_ms": latencies[name] for name in ("p50", "p95") if name in latencies},
        **{f"cpu_{kind}": us for kind, us in spent.items()},
        "cpu": sum(spent.values()),
        **measured.counts,
    }


def medians(rounds: Sequence[Measured]) -> dict[str, float]:
    """Return the median of each value over the rounds that have it."""
    found = [values_of(measured) for measured in rounds]
    names = dict.fromkeys(name for values in found for name in values)
    return {name: median(v[name] for v in found if name in v) for name in names}


def pair_ratios(
    ours: Sequence[Mapping[str, float]], theirs: Sequence[Mapping[str, float]]
) -> dict[str, Ratio]:
    """Return the ratios of every value that both halves of a pair have, theirs not being 0."""
    found: dict[str, list[float]] = {}
    for our, their in zip(ours, theirs, strict=True):
        for name, value in our.items():
            if their.get(name):
                found.setdefault(name, []).append(value / their[name])
    return {
        name: Ratio(*(round(f(ratios), 3) for f in (median, min, max)))
        for name, ratios in found.items()
    }


def middle_round(rounds: Sequence[Measured]) -> Measured:
    """Return the round whose rate is the median, the lower one of two in the middle."""
    ranked = sorted(rounds, key=lambda measured: measured.requests_per_s)
    return ranked[(len(ranked) - 1) // 2]
