"""The tables of what the checks cost."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from statistics import median
from typing import Any

from bench.against.turns import middle_round, values_of
from bench.checks.cost import CHECKED, CheckedStack
from bench.reporting.outcome import Grid, Outcome, short
from bench.standard import describe_run

AIMS_US = {"cpu_worker": 60, "cpu_postgres": 25}
KINDS = ("api", "worker", "postgres", "valkey", "live", "keeper")
COUNTS = ("wal_bytes", "heap_tuples", "index_entries", "blocks", "statements")


def describe_checks(
    stacks: Sequence[CheckedStack], machine: dict[str, Any], settings: dict[str, Any]
) -> Outcome:
    """Return the outcome; the first of two stacks is the one with fewer checks."""
    holds = all(stack.holds for stack in stacks)
    added = added_by(*stacks) if len(stacks) > 1 else {}
    return Outcome(
        json={
            "machine": machine,
            "settings": settings,
            "policies": [_as_json(stack) for stack in stacks],
            "added": added,
            "holds": holds,
        },
        heading=describe_run(machine, settings),
        grids=(_totals(stacks), _findings(stacks)),
        lines=_lines(added),
        draw=_draw_nothing,
        holds=holds,
        violations=[stack.violations for stack in stacks if stack.violations],
    )


def added_by(few: CheckedStack, many: CheckedStack) -> dict[str, float]:
    """Return what the further checks add to an action: the medians of the rounds' differences.

    `few_…` are the medians of the stack with fewer checks, and `ratio_…` those of the ratios.
    """
    pairs = [
        (values_of(one), values_of(other))
        for one, other in zip(few.rounds, many.rounds, strict=True)
    ]
    names = [name for name in (*(f"cpu_{kind}" for kind in KINDS), *COUNTS) if name in pairs[0][1]]
    found: dict[str, float] = {}
    for name in names:
        differences = [after[name] - before.get(name, 0) for before, after in pairs]
        found[name] = round(median(differences), 2)
        found[f"few_{name}"] = round(median(before.get(name, 0) for before, _ in pairs), 2)
        ratios = [after[name] / before[name] for before, after in pairs if before.get(name)]
        if ratios:
            found[f"ratio_{name}"] = round(median(ratios), 3)
    return found


def _totals(stacks: Sequence[CheckedStack]) -> Grid:
    head = ["policy", "checks", "actions/s", "mean batch", "p50 ms", "CPU us", *KINDS]
    head += [name.replace("_", " ") for name in COUNTS]
    return Grid("An action by policy, the round in the middle", head, [*map(_total, stacks)])


def _total(stack: CheckedStack) -> list[str]:
    measured = middle_round(stack.rounds)
    values = values_of(measured)
    return [
        stack.policy,
        str(stack.checks),
        f"{measured.actions_per_s:,.0f}",
        measured.mean_batch,
        f"{measured.report.latencies_ms.get('p50', 0):.1f}",
        short(values["cpu"]),
        *_cells(values),
    ]


def _cells(values: Mapping[str, float]) -> list[str]:
    names = [*(f"cpu_{kind}" for kind in KINDS), *COUNTS]
    return [short(values.get(name, 0)) for name in names]


def _findings(stacks: Sequence[CheckedStack]) -> Grid:
    rows = [
        [stack.policy, check, str(count)]
        for stack in stacks
        for check, count in sorted(stack.findings.items())
    ]
    return Grid(
        "Actions in which a check has found something", ["policy", "check", "actions"], rows
    )


def _lines(added: Mapping[str, float]) -> list[str]:
    return [
        f"All checks add {short(added[name])} us of CPU of the {name.removeprefix('cpu_')} to an"
        f" action (aim: {aim}), {added.get(f'ratio_{name}', 0):.2f} times what it was"
        for name, aim in AIMS_US.items()
        if name in added
    ]


def _as_json(stack: CheckedStack) -> dict[str, Any]:
    return {
        "policy": stack.policy,
        "checks": stack.checks,
        "arm": CHECKED.name,
        "rounds": [one.as_json() for one in stack.rounds],
        "findings": stack.findings,
        "holds": stack.holds,
    }


def _draw_nothing(_path: Path) -> None:
    """There is nothing to be drawn of two numbers."""
