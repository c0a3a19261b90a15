"""`run.py bench`: measure how fast a separate stack is, and check that it applied every action."""

import argparse
import json
import os
import time
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.arms import NAMES, choose
from bench.machine import describe_machine
from bench.markdown import write_markdown
from bench.plot import draw
from bench.profiling import Profile
from bench.results import Results
from bench.running import Bench
from bench.sent_log import open_sent_log
from bench.table import progress, show
from rig.command_line import positive_number, prepare_command
from rig.players import write_players
from rig.stack import RAISED, Stack, running_stack

SECONDS, LEAD_SECONDS = 10.0, 1.0
QUICK_SECONDS, QUICK_LEAD_SECONDS = 4.0, 0.5
PLAYERS = 10_000
WIDTH = 220
DESCRIPTION = (
    "Measure rates, latencies, CPU time and memory of a separate stack, and check that every"
    " acknowledged action was applied exactly once."
)
REST_SECONDS = 5.0  # how long processes work on after their start
# Variables that change what is measured; they are recorded with the results.
TUNING = ("WORKERS", "API_WORKERS", "MAX_WAITERS", "DATABASE_POOL_SIZE", "LOG_LEVEL")


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the arms; return 1 when an acknowledged action was not applied exactly once."""
    options = _parser().parse_args(arguments)
    console = prepare_command("bench", width=WIDTH)
    folder = (options.folder or root).resolve()
    try:
        with running_stack(root, folder) as stack:
            results = _run(stack, options, console, folder)
    except KeyboardInterrupt:
        console.print("Stopped. Everything that the benchmark started was removed.")
        return 130
    if options.json is not None:
        options.json.write_text(json.dumps(results.as_json(), indent=1) + "\n")
    if options.markdown is not None:
        options.markdown.write_text(write_markdown(results))
    show(console, results)
    if options.plot is not None:
        draw(results, options.plot)
    if options.profile:
        console.print("A profiler was attached: do not quote these rates.")
    if not results.holds:
        console.print("A check failed: do not use these numbers.")
    return 0 if results.holds else 1


def _run(stack: Stack, options: argparse.Namespace, console: Console, folder: Path) -> Results:
    """Warm up, then measure each chosen arm on the running stack."""
    seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    with open_sent_log(stack.database_url) as sent_log:
        bench = Bench(
            stack=stack,
            sent_log=sent_log,
            players=write_players(stack, options.players),
            seconds=seconds,
            lead_seconds=QUICK_LEAD_SECONDS if options.quick else LEAD_SECONDS,
            profile=Profile(options.profile, options.profile_to) if options.profile else None,
        )
        time.sleep(REST_SECONDS)
        results = Results(
            machine=describe_machine(folder),
            settings=_settings(options, seconds),
            rest=bench.memory(),
        )
        console.print(f"Stack at rest: {results.rest.megabytes} MB. Warming up ...")
        bench.warm_up()
        for arm in choose(options.arm):
            is_control = arm.kind == "control"
            measured = bench.measure_control(arm) if is_control else bench.measure(arm)
            results.arms.append(measured)
            console.print(progress(measured), markup=False)
    violations = stack.find_violations()
    results.verified = not violations
    if violations:
        console.print(violations, markup=False)
    return results


def _settings(options: argparse.Namespace, seconds: float) -> dict[str, object]:
    chosen = {
        name: value
        for name, value in os.environ.items()
        if name in TUNING or name.startswith("BATCH_")
    }
    return {
        "players": options.players,
        "seconds_per_arm": seconds,
        "profiled": options.profile,
        **RAISED,
        **chosen,
    }


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 run.py bench", description=DESCRIPTION)
    parser.add_argument("--quick", action="store_true", help="short arms; two minutes for all")
    parser.add_argument(
        "--seconds", type=positive_number, help=f"length of each arm (default: {SECONDS:g})"
    )
    parser.add_argument(
        "--arm",
        action="append",
        default=[],
        choices=NAMES,
        help="run only this arm; may be repeated",
    )
    parser.add_argument(
        "--players", type=_count, default=PLAYERS, help=f"number of players (default: {PLAYERS:,})"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the tables as Markdown"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the rates as SVG")
    parser.add_argument(
        "--profile", metavar="KIND", help="record flame graphs of the api, worker, ..."
    )
    parser.add_argument(
        "--profile-to",
        type=Path,
        metavar="FOLDER",
        default=Path("profiles"),
        help="(default: profiles)",
    )
    parser.add_argument(
        "--folder",
        type=Path,
        help="parent of the temporary folder of the stores (default: the checkout)",
    )
    return parser


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError("must be from 1 to 100,000")
    return number
