"""The tables of the simulation: who was caught and how soon, and what was held wrongly."""

from collections import Counter
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from statistics import median
from typing import Any

from bench.fraud.cheaters import KINDS
from bench.fraud.honest import HABITS
from bench.fraud.judged import Tallies, Tally
from bench.fraud.run import Simulated
from bench.reporting.outcome import Grid, Outcome
from bench.reporting.plot import draw_lines
from bench.standard import describe_run

WITHIN = 20
WITHIN_BY_KIND = {"slow_drip": 200}
AIM_CAUGHT = 0.95
AIM_WRONGLY = 3.0
"""Honest actions of 10,000 that may be held."""


def describe_fraud(found: Simulated, machine: dict[str, Any], settings: dict[str, Any]) -> Outcome:
    """Return the outcome of a simulation."""
    caught, wrongly = share_caught(found.together), wrongly_held(found.together)
    return Outcome(
        json={
            "machine": machine,
            "seeds": list(found.seeds),
            "caught": caught,
            "wrongly_held_per_10000": wrongly,
            "kinds": {kind: _json(kind, found.together[kind]) for kind in KINDS},
            "habits": {kind: found.together[kind].wrongly_held for kind in HABITS},
        },
        heading=describe_run(machine, settings),
        grids=(_cheaters(found.together), _honest(found.together), _alone(found)),
        lines=[
            f"Seeds {', '.join(map(str, found.seeds))}. Of all cheaters {caught:.1%} were held"
            f" in time (aim {AIM_CAUGHT:.0%}), of 10,000 honest actions {wrongly:.2f}"
            f" (aim {AIM_WRONGLY:g}).",
        ],
        draw=partial(_draw, found.together),
        holds=True,
    )


def share_caught(tallies: Tallies) -> float:
    """Return the share of all cheaters who were caught in time."""
    people = [
        (kind, first) for kind in KINDS for first in tallies.get(kind, Tally()).first_held.values()
    ]
    caught = [1 for kind, first in people if first is not None and first <= _within(kind)]
    return len(caught) / max(len(people), 1)


def wrongly_held(tallies: Tallies) -> float:
    """Return how many of 10,000 honest actions were held or rejected; not of victims of a theft."""
    return _per_10000(tallies[kind] for kind in (*HABITS, *KINDS) if kind in tallies)


def _per_10000(tallies: Iterable[Tally]) -> float:
    each = list(tallies)
    honest = sum(tally.honest for tally in each)
    return 10_000 * sum(tally.wrongly_held for tally in each) / max(honest, 1)


def _within(kind: str) -> int:
    return WITHIN_BY_KIND.get(kind, WITHIN)


def _cheaters(tallies: Tallies) -> Grid:
    rows = []
    for kind in KINDS:
        tally = tallies[kind]
        firsts = [first for first in tally.first_held.values() if first is not None]
        rows.append(
            [
                kind.replace("_", " "),
                str(len(tally.first_held)),
                f"{tally.caught_within(_within(kind)):.0%}",
                str(_within(kind)),
                f"{median(firsts):g}" if firsts else "never",
                str(max(firsts)) if firsts else "",
                _name_most(tally.reasons),
            ]
        )
    head = ("cheaters", "number", "caught", "within actions", "median", "latest", "reasons")
    return Grid("Cheaters: held or rejected, and at which of their dishonest actions", head, rows)


def _honest(tallies: Tallies) -> Grid:
    rows = [
        [
            kind.replace("_", " "),
            f"{tallies[kind].honest:,}",
            str(tallies[kind].wrongly_held),
            f"{_per_10000([tallies[kind]]):.2f}",
            _name_most(tallies[kind].reasons),
        ]
        for kind in (*HABITS, "victim")
    ]
    head = ("honest players", "actions", "held", "of 10,000", "reasons")
    return Grid("Honest actions that were held", head, rows)


def _alone(found: Simulated) -> Grid:
    rows = [
        [
            name,
            f"{wrongly_held(tallies):.2f}",
            *(f"{tallies[kind].caught_within(_within(kind)):.0%}" for kind in KINDS),
        ]
        for name, tallies in (*found.alone.items(), ("all together", found.together))
    ]
    head = ("check", "wrongly of 10,000", *(kind.replace("_", " ") for kind in KINDS))
    return Grid("Each check alone: cheaters caught in time, by kind", head, rows)


def _name_most(reasons: Counter[str]) -> str:
    return ", ".join(f"{reason} {count}" for reason, count in reasons.most_common(2))


def _json(kind: str, tally: Tally) -> dict[str, Any]:
    return {
        "cheaters": len(tally.first_held),
        "caught": tally.caught_within(_within(kind)),
        "reasons": dict(tally.reasons),
    }


def _draw(tallies: Tallies, path: Path) -> None:
    steps = (1, 2, 5, 10, 15, 20, 50, 100, 200)
    draw_lines(
        path,
        title="Share of cheaters who are caught within so many of their actions, by kind",
        x_labels=[str(step) for step in steps],
        lines={
            kind.replace("_", " "): [tallies[kind].caught_within(step) for step in steps]
            for kind in KINDS
        },
    )
