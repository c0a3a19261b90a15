"""`run.py bench`: measure how fast a separate stack is, and check that it applied every action."""

import argparse
import json
import os
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from rich.console import Console

from bench.against.run import run_against
from bench.arms import choose
from bench.boards.cost import COUNTS, measure_boards
from bench.boards.cost_report import describe_boards
from bench.boards.sizes import SIZES as BOARD_SIZES
from bench.boards.sizes import measure_board_sizes
from bench.boards.sizes_report import describe_board_sizes
from bench.boards.turn import measure_turn
from bench.boards.turn_report import describe_turn
from bench.checks.cost import measure_checks
from bench.checks.cost_report import describe_checks
from bench.checks.policies import POLICIES
from bench.fraud.report import describe_fraud
from bench.fraud.run import REPORTING_SEEDS, simulate
from bench.live.report import describe_live
from bench.live.run import measure_live
from bench.machine import describe_machine
from bench.options import read_options
from bench.profiling import Profile
from bench.reporting.markdown import write_markdown
from bench.reporting.outcome import Outcome
from bench.reporting.table import show
from bench.results import Results
from bench.scale.report import describe_scales
from bench.scale.run import SIZES, measure_sizes
from bench.sessions import Plan
from bench.soak.report import describe_soak
from bench.soak.run import soak
from bench.standard import run_arms
from rig.command_line import prepare_command
from rig.stack import RAISED

WIDTH = 220
# Variables that change what is measured; they are recorded with the results.
TUNING = ("WORKERS", "API_WORKERS", "MAX_WAITERS", "DATABASE_POOL_SIZE", "LOG_LEVEL")


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run what the options ask for; return 1 when an action was not applied exactly once."""
    options = read_options(arguments)
    console = prepare_command("bench", width=WIDTH)
    try:
        outcome = _run(_plan(root, options), options, console)
    except KeyboardInterrupt:
        console.print("Stopped. Everything that the benchmark started was removed.")
        return 130
    _write(outcome, options)
    show(console, outcome)
    if options.profile:
        console.print("A profiler was attached: do not quote these rates.")
    if not outcome.holds:
        console.print("A check failed: do not use these numbers.")
    return 0 if outcome.holds else 1


Run = Callable[[Plan, argparse.Namespace, Results, Console], Outcome]


def _run(plan: Plan, options: argparse.Namespace, console: Console) -> Outcome:
    results = Results(machine=describe_machine(plan.folder), settings=_settings(options))
    for name, run in RUNS.items():
        if getattr(options, name) is not None:
            return run(plan, options, results, console)
    return run_arms(plan, choose(options.arm), results, console)


def _fraud(
    _plan: Plan, options: argparse.Namespace, results: Results, _console: Console
) -> Outcome:
    simulated = simulate(options.fraud or REPORTING_SEEDS)
    return describe_fraud(simulated, results.machine, results.settings)


def _scale(plan: Plan, options: argparse.Namespace, results: Results, console: Console) -> Outcome:
    sizes = options.scale or SIZES
    scales = measure_sizes(plan, sizes, console)
    return describe_scales(scales, results.machine, results.settings | {"players": max(sizes)})


def _boards(plan: Plan, options: argparse.Namespace, results: Results, console: Console) -> Outcome:
    counts = (0, *sorted(options.boards)) if options.boards else COUNTS
    found = measure_boards(plan, counts, rounds=options.rounds, console=console)
    return describe_boards(found, results.machine, results.settings)


def _board_sizes(
    plan: Plan, options: argparse.Namespace, results: Results, console: Console
) -> Outcome:
    sizes = sorted(options.board_sizes) or BOARD_SIZES
    made = measure_board_sizes(plan, sizes, rounds=options.rounds, console=console)
    return describe_board_sizes(made, results.machine, results.settings | {"players": max(sizes)})


def _checks(plan: Plan, options: argparse.Namespace, results: Results, console: Console) -> Outcome:
    policies = [name for name in POLICIES if name in options.checks or not options.checks]
    checked = measure_checks(plan, policies, rounds=options.rounds, console=console)
    return describe_checks(checked, results.machine, results.settings)


def _live(plan: Plan, options: argparse.Namespace, results: Results, console: Console) -> Outcome:
    measured = measure_live(plan, rounds=options.rounds, console=console)
    return describe_live(measured, results.machine, results.settings)


def _turn(plan: Plan, options: argparse.Namespace, results: Results, console: Console) -> Outcome:
    turned = measure_turn(plan, options.turn, console)
    return describe_turn(turned, results.machine, results.settings | {"players": options.turn})


def _soak(plan: Plan, options: argparse.Namespace, results: Results, console: Console) -> Outcome:
    soaked = soak(plan, options.soak, console)
    settings = results.settings | {"seconds_per_arm": soaked.seconds}
    return describe_soak(soaked, results.machine, settings)


def _against(
    plan: Plan, options: argparse.Namespace, results: Results, console: Console
) -> Outcome:
    arms = choose(options.arm)
    return run_against(
        plan, options.against, arms, rounds=options.rounds, results=results, console=console
    )


RUNS: Mapping[str, Run] = {
    "live": _live,
    "fraud": _fraud,
    "scale": _scale,
    "boards": _boards,
    "board_sizes": _board_sizes,
    "checks": _checks,
    "turn": _turn,
    "soak": _soak,
    "against": _against,
}
"""By option: what runs in place of the arms."""


def _write(outcome: Outcome, options: argparse.Namespace) -> None:
    if options.json is not None:
        options.json.write_text(json.dumps(outcome.json, indent=1) + "\n")
    if options.markdown is not None:
        options.markdown.write_text(write_markdown(outcome))
    if options.plot is not None:
        outcome.draw(options.plot)


def _plan(root: Path, options: argparse.Namespace) -> Plan:
    return Plan(
        root=root,
        folder=(options.folder or root).resolve(),
        players=options.players,
        seconds=options.seconds,
        lead_seconds=options.lead_seconds,
        profile=Profile(options.profile, options.profile_to) if options.profile else None,
    )


def _settings(options: argparse.Namespace) -> dict[str, Any]:
    chosen = {
        name: value
        for name, value in os.environ.items()
        if name in TUNING or name.startswith("BATCH_")
    }
    return {
        "players": options.players,
        "seconds_per_arm": options.seconds,
        "profiled": options.profile,
        **RAISED,
        **chosen,
    }
