"""The ordinary run: every chosen arm once, on a stack of this commit."""

from collections.abc import Sequence
from functools import partial
from typing import Any

from rich.console import Console

from bench.arms import Arm
from bench.reporting import grids
from bench.reporting.outcome import Outcome
from bench.reporting.plot import draw
from bench.reporting.table import progress
from bench.results import Results
from bench.sessions import Plan, open_bench


def run_arms(plan: Plan, arms: Sequence[Arm], results: Results, console: Console) -> Outcome:
    """Measure the arms into `results`."""
    with open_bench(plan, plan.root) as bench:
        results.rest = bench.memory()
        console.print(f"Stack at rest: {results.rest.megabytes} MB. Warming up ...")
        bench.warm_up()
        for arm in arms:
            results.arms.append(bench.measure(arm))
            console.print(progress(results.arms[-1]), markup=False)
        results.violations = bench.stack.find_violations()
    return describe_arms(results)


def describe_arms(results: Results) -> Outcome:
    """Return the outcome of a run of arms."""
    return Outcome(
        json=results.as_json(),
        heading=describe_run(results.machine, results.settings),
        grids=(grids.rates(results), grids.cpu(results), grids.counts(results)),
        lines=(
            f"Memory of the stack (PSS, without Flower): {results.rest.megabytes} MB at rest,"
            f" {results.peak_megabytes} MB at most.",
            *(f"`{name}`: {ratio}" for name, ratio in results.ratios.items()),
            _describe_checks(results),
        ),
        draw=partial(draw, results),
        holds=results.holds,
        violations=[results.violations] if results.violations else [],
    )


def describe_run(machine: dict[str, Any], settings: dict[str, Any]) -> str:
    """Return the machine, the versions and the settings of a run."""
    packages = ", ".join(f"{name} {version}" for name, version in machine["packages"].items())
    return (
        f"{machine['processor']}, {machine['cores']} cores, {machine['memory_mb']:,} MB,"
        f" {machine['system']}, {machine['file_system']}; Python {machine['python']}, {packages}."
        f" {settings['players']:,} players, {settings['seconds_per_arm']:g} s per arm;"
        f" load average before: {machine['load_before']}."
    )


def _describe_checks(results: Results) -> str:
    verdicts = [measured.verdict for measured in results.arms if measured.verdict is not None]
    acknowledged = sum(verdict.acknowledged for verdict in verdicts)
    lost = sum(verdict.lost for verdict in verdicts)
    doubled = sum(verdict.doubled for verdict in verdicts)
    scores = max((verdict.wrong_scores for verdict in verdicts), default=0)
    return (
        f"Acknowledged: {acknowledged:,} actions; lost {lost}, doubled {doubled}, players with a"
        f" wrong score {scores}. Invariants afterwards: {'ok' if results.verified else 'BROKEN'}."
    )
