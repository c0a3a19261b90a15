"""`run.py bench`: measures a stack of its own and says how fast it is, and whether it was right."""

import argparse
import json
import os
import signal
import sys
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console

from bench.arms import NAMES, choose
from bench.machine import describe_machine
from bench.markdown import write_markdown
from bench.plot import draw
from bench.profiling import Profile
from bench.reconciliation import open_ledger
from bench.results import Results
from bench.running import Bench
from bench.table import progress, show
from local.errors import LocalError
from rig.stack import RAISED, Stack, rest, running_stack, write_players

SECONDS, LEAD_SECONDS = 10.0, 1.0
QUICK_SECONDS, QUICK_LEAD_SECONDS = 4.0, 0.5
PLAYERS = 10_000
# What a user may set to try another tuning; part of what was measured.
TUNING = ("WORKERS", "API_WORKERS", "MAX_WAITERS", "DATABASE_POOL_SIZE", "LOG_LEVEL")


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the arms; returns 1 when an acknowledged action was not applied exactly once."""
    options = _parser().parse_args(arguments)
    if not sys.platform.startswith("linux"):
        raise LocalError("the bench reads /proc and uses epoll: it needs Linux.")
    # A terminal that closes ends the bench as Ctrl-C does: through every `finally`.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 220)
    folder = (options.folder or root).resolve()
    try:
        with running_stack(root, folder) as stack:
            results = _run(stack, options, console, folder)
    except KeyboardInterrupt:
        console.print("Stopped; nothing of the bench is left.")
        return 130
    if options.json is not None:
        options.json.write_text(json.dumps(results.as_json(), indent=1) + "\n")
    if options.markdown is not None:
        options.markdown.write_text(write_markdown(results))
    show(console, results)
    if options.plot is not None:
        draw(results, options.plot)
    if options.profile:
        console.print("A profiler looked on: these rates are not to be quoted.")
    if not results.holds:
        console.print("A check failed: these numbers are worth nothing.")
    return 0 if results.holds else 1


def _run(stack: Stack, options: argparse.Namespace, console: Console, folder: Path) -> Results:
    """Warm up, then measure every chosen arm on the running stack."""
    seconds = options.seconds or (QUICK_SECONDS if options.quick else SECONDS)
    with open_ledger(stack.database_url) as ledger:
        bench = Bench(
            stack=stack,
            ledger=ledger,
            players=write_players(stack, options.players),
            seconds=seconds,
            lead_seconds=QUICK_LEAD_SECONDS if options.quick else LEAD_SECONDS,
            profile=Profile(options.profile, options.profile_to) if options.profile else None,
        )
        rest()
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
    results.verified = _verify(stack, console)
    return results


def _verify(stack: Stack, console: Console) -> bool:
    """Return whether the product's own invariants hold after all of it."""
    try:
        stack.output_of("flask", "--app", "wsgi", "verify")
    except LocalError as problem:
        console.print(str(problem), markup=False)
        return False
    return True


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
    parser = argparse.ArgumentParser(prog="run.py bench", description=__doc__)
    parser.add_argument("--quick", action="store_true", help="all of it in two minutes")
    parser.add_argument("--seconds", type=_positive, help=f"of each arm ({SECONDS:g})")
    parser.add_argument(
        "--arm", action="append", default=[], choices=NAMES, help="only this one; may be repeated"
    )
    parser.add_argument("--players", type=_count, default=PLAYERS, help=f"({PLAYERS:,})")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was measured")
    parser.add_argument("--markdown", type=Path, metavar="FILE", help="write the tables")
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw it as SVG")
    parser.add_argument("--profile", metavar="KIND", help="flame graphs of api, worker, ...")
    parser.add_argument("--profile-to", type=Path, metavar="FOLDER", default=Path("profiles"))
    parser.add_argument(
        "--folder",
        type=Path,
        help="where the stores of the bench are, for as long as it runs (the checkout)",
    )
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number


def _count(text: str) -> int:
    number = int(text)
    if not 1 <= number <= 100_000:
        raise argparse.ArgumentTypeError("must be from 1 to 100,000")
    return number
