"""`run.py faults`: inject faults into a separate stack and check that no action is lost."""

import argparse
import json
import tempfile
from collections import deque
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console

from faults.reconciliation import SentLog
from faults.runner import ScenarioRunner
from faults.scenario import Result, Scenario
from faults.scenarios.all import NAMES, choose
from faults.small_disk import can_mount
from faults.stores import running_stores
from faults.system import running_system
from faults.table import as_json, describe, show
from rig.command_line import positive_number, prepare_command
from rig.players import read_players, write_players

SECONDS = 12.0
RATE = 50.0
PLAYERS = 200
WIDTH = 140
DESCRIPTION = (
    "Inject faults into a separate stack under load, and check that every acknowledged action is"
    " applied exactly once and that the system recovers in time."
)
FOLDER_PREFIX = "laurel-faults-"


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run the scenarios; return 1 when an action was lost, doubled or late, or a check failed."""
    options = _parser().parse_args(arguments)
    if options.list:
        print("\n".join(NAMES))
        return 0
    console = prepare_command("faults", width=WIDTH)
    results: list[Result] = []
    try:
        for result in _run_all(root, choose(options.only), options, console):
            console.print(describe(result), markup=False)
            results.append(result)
    except KeyboardInterrupt:
        console.print("Stopped. Everything that this command started was removed.")
        return 130
    show(console, results)
    console.print(
        f"Seed {options.seed}, {options.seconds:g} s per scenario, {options.rate:g} actions/s."
    )
    if options.json is not None:
        settings = {name: getattr(options, name) for name in ("seed", "seconds", "rate")}
        options.json.write_text(json.dumps(as_json(results, settings), indent=1) + "\n")
    return 0 if all(result.holds for result in results) else 1


def _run_all(
    root: Path, scenarios: list[Scenario], options: argparse.Namespace, console: Console
) -> Iterator[Result]:
    """Run the scenarios in order, on the same stack for as long as all checks hold.

    A scenario with another setup, and the one after a failure, gets new stores.
    """
    possible = _possible(scenarios, console)
    waiting = deque(enumerate(possible, 1))
    while waiting:
        first = waiting[0][1]
        console.print("Starting the stores and all processes ...")
        with _running_system(root, first, options, console) as runner:
            holds = True
            while holds and waiting and waiting[0][1].setup == first.setup:
                number, scenario = waiting.popleft()
                console.print(f"[{number}/{len(possible)}] {scenario.name}", markup=False)
                result = runner.run(scenario)
                holds = result.holds
                yield result


def _possible(scenarios: list[Scenario], console: Console) -> list[Scenario]:
    """Return the scenarios that can run here, and print those that are skipped."""
    if can_mount():
        return scenarios
    for scenario in scenarios:
        if scenario.setup.mounts:
            console.print(
                f"{scenario.name} is skipped: it must mount a file system, which needs root",
                markup=False,
            )
    return [scenario for scenario in scenarios if not scenario.setup.mounts]


@contextmanager
def _running_system(
    root: Path, first: Scenario, options: argparse.Namespace, console: Console
) -> Iterator[ScenarioRunner]:
    with (
        tempfile.TemporaryDirectory(prefix=FOLDER_PREFIX) as folder,
        running_stores(disk_megabytes=first.setup.disk_megabytes) as stores,
        running_system(
            root,
            Path(folder),
            stores,
            replaced=first.setup.replaced,
            env=first.setup.env,
            home_megabytes=first.setup.home_megabytes,
        ) as system,
    ):
        players_file = write_players(system.stack, PLAYERS)
        players, _ = read_players(players_file)
        yield ScenarioRunner(
            root=root,
            folder=Path(folder),
            system=system,
            stores=stores,
            sent_log=SentLog(system.stack.port, players),
            players_file=players_file,
            players=players,
            rate=options.rate,
            seconds=options.seconds,
            seed=options.seed,
            report=lambda line: console.print(f"  {line}", markup=False),
        )


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 run.py faults", description=DESCRIPTION)
    parser.add_argument(
        "--only",
        action="append",
        default=[],
        choices=NAMES,
        help="run only this scenario; may be repeated",
        metavar="NAME",
    )
    parser.add_argument("--list", action="store_true", help="list the scenarios and exit")
    parser.add_argument(
        "--seconds",
        type=positive_number,
        default=SECONDS,
        help=f"length of each scenario (default: {SECONDS:g})",
    )
    parser.add_argument(
        "--rate", type=positive_number, default=RATE, help=f"actions per second (default: {RATE:g})"
    )
    parser.add_argument(
        "--seed", type=int, default=1, help="seed of players, scores and times (default: 1)"
    )
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    return parser
