"""The options of `run.py bench`."""

import argparse
from collections.abc import Sequence
from pathlib import Path

from bench.arms import NAMES
from rig.command_line import positive_number

SECONDS, LEAD_SECONDS = 10.0, 1.0
QUICK_SECONDS, QUICK_LEAD_SECONDS = 4.0, 0.5
ROUNDS, QUICK_ROUNDS = 3, 2
PLAYERS = 10_000
DESCRIPTION = (
    "Measure rates, latencies, CPU time, memory and what is written of a separate stack, and check"
    " that every acknowledged action was applied exactly once."
)


def read_options(arguments: Sequence[str]) -> argparse.Namespace:
    """Return the options, `seconds`, `lead_seconds` and `rounds` with their defaults."""
    parser = _parser()
    options = parser.parse_args(arguments)
    in_turn = (options.live, options.against, options.boards, options.board_sizes, options.checks)
    if options.rounds is not None and all(run is None for run in in_turn):
        parser.error("--rounds is for live, --against, --boards, --board-sizes and --checks")
    if options.rounds is None:
        options.rounds = QUICK_ROUNDS if options.quick else ROUNDS
    if options.seconds is None:
        options.seconds = QUICK_SECONDS if options.quick else SECONDS
    options.lead_seconds = QUICK_LEAD_SECONDS if options.quick else LEAD_SECONDS
    return options


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
    _add_runs(parser)
    parser.add_argument(
        "--players", type=_count, default=PLAYERS, help=f"number of players (default: {PLAYERS:,})"
    )
    _add_files(parser)
    return parser


def _add_runs(parser: argparse.ArgumentParser) -> None:
    """Add what is run in place of the arms, or beside them."""
    runs = parser.add_mutually_exclusive_group()
    runs.add_argument(
        "live",
        nargs="?",
        choices=("live",),
        help="measure real time: idle sockets, fan-out, a stalled listener, a cut, in place of the"
        " arms",
    )
    runs.add_argument(
        "--against",
        metavar="REV",
        help="measure the same arms on another commit too, in turn, and print the ratios",
    )
    runs.add_argument(
        "--scale",
        type=_players,
        nargs="*",
        metavar="PLAYERS",
        help="measure actions and rank look-ups with 10,000, 100,000 and 1,000,000 players, or"
        " these numbers, in place of the arms",
    )
    runs.add_argument(
        "--soak",
        type=positive_number,
        metavar="MINUTES",
        help="send a constant load for so long, and say what grows, in place of the arms",
    )
    _add_board_runs(runs)
    _add_fraud_run(runs)
    runs.add_argument(
        "--checks",
        choices=("few", "all"),
        nargs="*",
        help="measure what the checks cost, with the first five (few) and with all of them in turn,"
        " or with one of these policies, in place of the arms",
    )
    parser.add_argument(
        "--rounds",
        type=_rounds,
        help="turns of each arm with live, --against, --boards, --board-sizes and --checks"
        f" (default: {ROUNDS}, {QUICK_ROUNDS} with --quick)",
    )


def _add_fraud_run(runs: argparse._MutuallyExclusiveGroup) -> None:
    """Add what simulates honest players and cheaters."""
    runs.add_argument(
        "--fraud",
        type=int,
        nargs="*",
        metavar="SEED",
        help="simulate honest players and cheaters with these seeds, and say who is held; needs no"
        " stores",
    )


def _add_board_runs(runs: argparse._MutuallyExclusiveGroup) -> None:
    """Add what measures the boards that are data."""
    runs.add_argument(
        "--boards",
        type=_boards,
        nargs="*",
        metavar="BOARDS",
        help="measure what a further board costs, with 1, 4 and 16 boards beside the global one,"
        " or these numbers, in place of the arms",
    )
    runs.add_argument(
        "--board-sizes",
        type=_players,
        nargs="*",
        metavar="PLAYERS",
        help="measure look-ups and reads of the top on boards of 10,000, 100,000 and 1,000,000"
        " players, or these numbers, and how fast their sets are made, in place of the arms",
    )
    runs.add_argument(
        "--turn",
        type=_players,
        metavar="PLAYERS",
        help="measure the end of a season with so many players under load, in place of the arms",
    )


def _add_files(parser: argparse.ArgumentParser) -> None:
    """Add what is written, and where."""
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results as JSON")
    parser.add_argument(
        "--markdown", type=Path, metavar="FILE", help="write the tables as Markdown"
    )
    parser.add_argument("--plot", type=Path, metavar="FILE", help="draw the results as SVG")
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
        help="parent of the temporary folders of the stores (default: the checkout)",
    )


def _count(text: str) -> int:
    return _between(text, 1, 100_000)


def _players(text: str) -> int:
    return _between(text, 100, 10_000_000)


def _boards(text: str) -> int:
    return _between(text, 1, 16)


def _rounds(text: str) -> int:
    return _between(text, 1, 100)


def _between(text: str, least: int, greatest: int) -> int:
    number = int(text)
    if not least <= number <= greatest:
        raise argparse.ArgumentTypeError(f"must be from {least} to {greatest:,}")
    return number
