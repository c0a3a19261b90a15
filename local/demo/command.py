"""`run.py demo`: read the arguments, issue tokens for the players, and let them play."""

import argparse
import json
import os
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path

from local.demo.boards import make_boards
from local.demo.client import Client
from local.demo.drive import Drive
from local.demo.people import Person, list_people
from local.demo.players import make_players, players_for
from local.demo.screen import open_screen, summary
from local.errors import LocalError
from local.health import ask_health, reachable_host
from local.running import running_environment
from local.terminal import print_line

DESCRIPTION = (
    "Let simulated players, honest ones and cheaters, play on the running system. Shows how their"
    " actions are answered, and the leaderboard as it changes."
)
STEP_SECONDS = 1.0
MOST_PER_SECOND = 5_000.0


def main(root: Path, arguments: Sequence[str]) -> int:
    """Let the players play until the time is over or Ctrl-C; return 1 without any success."""
    options = _parser().parse_args(arguments)
    env = running_environment(root, os.environ)
    host, port = reachable_host(env.get("HOST", "")), int(env.get("PORT", "8000"))
    health = ask_health(host, port)
    if health.status == "unreachable":
        raise LocalError(f"the API does not answer on http://{host}:{port}/health.")
    needed = players_for(options.rate)
    if options.players < needed:
        print_line(
            f"{options.players} players with less than ten actions a minute each cannot reach"
            f" {options.rate:g} actions a second. Use --players {needed} for that."
        )
    made = make_boards(root, env, datetime.now(UTC))
    if made:
        print_line(f"Made the boards: {', '.join(made)}.")
    print_line(f"Watch the boards at http://{host}:{port}/")
    print_line(f"Calling {options.players} players, the same as in the last demo ...")
    people = list_people(options.players)
    tokens = _issue_tokens(root, env, people)
    chance = random.Random(options.seed)  # noqa: S311 - a game
    players = make_players(tokens, people, options.cheaters, chance)
    drive = Drive(host, port, players, options.rate)
    reader = Client(host, port)
    _play(drive, reader, tokens[0], options.seconds)
    final = drive.statistics.snapshot()
    print_line(summary(final))
    if final.honest_refused:
        print_line(
            f"{final.honest_refused} actions of honest players were refused or held for review."
        )
    return 0 if any(name.startswith("20") for name in final.outcomes) else 1


def _play(drive: Drive, reader: Client, token: str, seconds: float) -> None:
    """Show the board until the time is over or the user presses Ctrl-C."""
    ends_at = time.monotonic() + seconds if seconds > 0 else float("inf")
    drive.start()
    try:
        with open_screen() as screen:
            while (left := ends_at - time.monotonic()) > 0:
                drive.step(min(STEP_SECONDS, left))
                screen.show(drive.statistics.snapshot(), reader.leaderboard(token))
    except KeyboardInterrupt:
        print_line("Stopping ...")
    finally:
        drive.stop()
        reader.close()


def _issue_tokens(root: Path, env: Mapping[str, str], people: Sequence[Person]) -> list[str]:
    """Return a token for each of the people, issued by the operator's command."""
    command = ["flask", "--app", "wsgi", "tokens", "issue", "--role", "player"]
    command += ["--players", "-", "--json"]
    lines = [
        json.dumps({"userId": str(person.user_id), "username": person.username})
        for person in people
    ]
    made = subprocess.run(
        command,
        cwd=root,
        env=dict(env),
        input="\n".join(lines),
        capture_output=True,
        text=True,
        check=False,
    )
    if made.returncode != 0:
        raise LocalError("the tokens could not be created:\n  " + made.stderr.strip()[-1000:])
    rows = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
    return [str(row["token"]) for row in rows]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python3 run.py demo", description=DESCRIPTION)
    parser.add_argument(
        "--players", type=_positive, default=200, help="number of players (default: 200)"
    )
    parser.add_argument(
        "--rate", type=_rate, default=20.0, help="actions per second of all players (default: 20)"
    )
    parser.add_argument(
        "--cheaters", type=_share, default=0.05, help="fraction of cheaters (default: 0.05)"
    )
    parser.add_argument(
        "--seconds", type=float, default=60.0, help="duration; 0 = until Ctrl-C (default: 60)"
    )
    parser.add_argument(
        "--seed", type=int, default=None, help="seed, to repeat the same scores and times"
    )
    return parser


def _positive(text: str) -> int:
    number = int(text)
    if number < 1:
        raise argparse.ArgumentTypeError("must be at least 1")
    return number


def _rate(text: str) -> float:
    number = float(text)
    if not 0 < number <= MOST_PER_SECOND:
        raise argparse.ArgumentTypeError(f"must be above 0 and at most {MOST_PER_SECOND:g}")
    return number


def _share(text: str) -> float:
    number = float(text)
    if not 0 <= number <= 1:
        raise argparse.ArgumentTypeError("must be from 0 to 1")
    return number
