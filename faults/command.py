"""`run.py faults`: breaks a stack of its own in every way it knows and says what became of it."""

import argparse
import json
import signal
import sys
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from faults.client import read_players
from faults.model import Result, Scenario
from faults.reconciliation import Ledger
from faults.rig import Rig
from faults.scenarios.all import NAMES, choose
from faults.small_disk import can_mount
from faults.stores import running_stores
from faults.system import running_system
from faults.table import as_json, describe, show
from local.errors import LocalError
from rig.stack import write_players

SECONDS = 12.0
RATE = 50.0
PLAYERS = 200
FOLDER_PREFIX = "laurel-faults-"


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the scenarios; returns 1 when anything was lost, doubled, late or broken."""
    options = _parser().parse_args(arguments)
    if not sys.platform.startswith("linux"):
        raise LocalError("the fault rig signals processes by /proc: it needs Linux.")
    # A terminal that closes ends it as Ctrl-C does: through every `finally`.
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    console = Console(highlight=False, width=None if sys.stdout.isatty() else 140)
    results: list[Result] = []
    try:
        for result in _run_all(root, choose(options.only), options, console):
            console.print(describe(result), markup=False)
            results.append(result)
    except KeyboardInterrupt:
        console.print("Stopped; nothing of the rig is left.")
        return 130
    show(console, results)
    console.print(f"Seed {options.seed}, {options.seconds:g} s each, {options.rate:g} actions/s.")
    if options.json is not None:
        settings = {name: getattr(options, name) for name in ("seed", "seconds", "rate")}
        options.json.write_text(json.dumps(as_json(results, settings), indent=1) + "\n")
    return 0 if all(result.holds for result in results) else 1


def _run_all(
    root: Path, scenarios: list[Scenario], options: argparse.Namespace, console: Console
) -> Iterator[Result]:
    """Run them one after another: as long as all holds, on the same stack.

    One that wants another setup, and the one after a failure, gets new stores.
    """
    possible = _possible(scenarios, console)
    waiting = deque(enumerate(possible, 1))
    while waiting:
        first = waiting[0][1]
        console.print("Starting stores and processes ...")
        with _running_rig(root, first, options, console) as rig:
            holds = True
            while holds and waiting and waiting[0][1].setup == first.setup:
                number, scenario = waiting.popleft()
                console.print(f"[{number}/{len(possible)}] {scenario.name}", markup=False)
                result = rig.run(scenario)
                holds = result.holds
                yield result


def _possible(scenarios: list[Scenario], console: Console) -> list[Scenario]:
    """Return what can be tried here, and say what is left out."""
    if can_mount():
        return scenarios
    for scenario in scenarios:
        if scenario.setup.disk_megabytes:
            console.print(f"{scenario.name} is left out: only root may mount", markup=False)
    return [scenario for scenario in scenarios if not scenario.setup.disk_megabytes]


@contextmanager
def _running_rig(
    root: Path, first: Scenario, options: argparse.Namespace, console: Console
) -> Iterator[Rig]:
    with (
        tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder,
        running_stores(disk_megabytes=first.setup.disk_megabytes) as stores,
        running_system(
            root, Path(folder), stores, replaced=first.setup.replaced, env=first.setup.env
        ) as system,
    ):
        players_file = write_players(system.stack, PLAYERS)
        players = read_players(players_file)
        yield Rig(
            root=root,
            folder=Path(folder),
            system=system,
            stores=stores,
            ledger=Ledger(system.stack.port, players),
            players_file=players_file,
            players=players,
            rate=options.rate,
            seconds=options.seconds,
            seed=options.seed,
            say=lambda word: console.print(f"  {word}", markup=False),
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py faults", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], choices=NAMES, help="may be repeated", metavar="NAME"
    )
    parser.add_argument("--list", action="version", version="\n".join(NAMES), help="name them all")
    parser.add_argument("--seconds", type=_positive, default=SECONDS, help=f"each ({SECONDS:g})")
    parser.add_argument("--rate", type=_positive, default=RATE, help=f"actions/s ({RATE:g})")
    parser.add_argument("--seed", type=int, default=1, help="of players, scores, moments (1)")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all that was found")
    return parser


def _positive(text: str) -> float:
    number = float(text)
    if number <= 0:
        raise argparse.ArgumentTypeError("must be above 0")
    return number
