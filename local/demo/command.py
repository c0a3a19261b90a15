"""`run.py demo`: reads the arguments, gets tokens for the players, and lets them play."""

import argparse
import json
import os
import random
import subprocess
import time
from collections.abc import Mapping, Sequence
from pathlib import Path

from local.demo.client import Client
from local.demo.drive import Drive
from local.demo.players import make_players, players_for
from local.demo.screen import open_screen, summary
from local.errors import LocalError
from local.health import ask_health, reachable_host
from local.running import running_environment
from local.terminal import say

DESCRIPTION = (
    "Simulated players, honest and not, play against the running system: what they are answered,"
    " and the board as it moves."
)
STEP_SECONDS = 1.0
MOST_PER_SECOND = 5_000.0


def main(root: Path, arguments: Sequence[str]) -> int:
    """Drive the players until the time is up or Ctrl-C; returns 1 when nothing was answered."""
    options = _parser().parse_args(arguments)
    env = running_environment(root, os.environ)
    host, port = reachable_host(env.get("HOST", "")), int(env.get("PORT", "8000"))
    health = ask_health(host, port)
    if health.status == "unreachable":
        raise LocalError(f"the API does not answer on http://{host}:{port}/health.")
    needed = players_for(options.rate)
    if options.players < needed:
        say(
            f"{options.players} players who stay below ten actions a minute make less than"
            f" {options.rate:g} actions a second; --players {needed} would."
        )
    say(f"Making {options.players} players ...")
    tokens = _issue_tokens(root, env, options.players)
    chance = random.Random(options.seed)  # noqa: S311 - a game
    players = make_players(tokens, options.cheaters, chance)
    drive = Drive(host, port, players, options.rate)
    reader = Client(host, port)
    _play(drive, reader, tokens[0], options.seconds)
    final = drive.tally.snapshot()
    say(summary(final))
    if final.honest_refused:
        say(f"{final.honest_refused} actions of honest players were refused or held.")
    return 0 if any(name.startswith("20") for name in final.outcomes) else 1


def _play(drive: Drive, reader: Client, token: str, seconds: float) -> None:
    """Show the board move until the time is up or the user has seen enough."""
    ends_at = time.monotonic() + seconds if seconds > 0 else float("inf")
    drive.start()
    try:
        with open_screen() as screen:
            while (left := ends_at - time.monotonic()) > 0:
                drive.step(min(STEP_SECONDS, left))
                screen.show(drive.tally.snapshot(), reader.leaderboard(token))
    except KeyboardInterrupt:
        say("Stopping ...")
    finally:
        drive.stop()
        reader.close()


def _issue_tokens(root: Path, env: Mapping[str, str], count: int) -> list[str]:
    """Return a token for each of so many new players, made by the operators' command."""
    command = ["flask", "--app", "wsgi", "tokens", "issue", "--role", "player"]
    command += ["--username", "demo", "--count", str(count), "--json"]
    made = subprocess.run(
        command, cwd=root, env=dict(env), capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        raise LocalError("no tokens could be made:\n  " + made.stderr.strip()[-1000:])
    rows = [json.loads(line) for line in made.stdout.splitlines() if line.startswith("{")]
    return [str(row["token"]) for row in rows]


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="run.py demo", description=DESCRIPTION)
    parser.add_argument("--players", type=_positive, default=200, help="how many (200)")
    parser.add_argument("--rate", type=_rate, default=20.0, help="actions a second, of all (20)")
    parser.add_argument("--cheaters", type=_share, default=0.05, help="share of cheaters (0.05)")
    parser.add_argument("--seconds", type=float, default=60.0, help="0 = until Ctrl-C (60)")
    parser.add_argument("--seed", type=int, default=None, help="repeat the same game")
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
