"""The file of players and their tokens: made for a running stack, read by its load generators.

One player a line, user id and token separated by a tab; the last line is a game server.
"""

import json
import os
from dataclasses import dataclass
from pathlib import Path

from rig.stack import Stack


@dataclass(frozen=True)
class Player:
    """A user id and an access token for it."""

    user_id: str
    token: str


def write_players(stack: Stack, count: int) -> Path:
    """Write `count` new players and one game server to a file that only its owner can read.

    The tokens come from `flask tokens issue`, which signs with the JWT_SECRET of the stack and
    stores nothing. Raises LocalError when the command fails.
    """
    issue = ("flask", "--app", "wsgi", "tokens", "issue", "--json")
    made = stack.output_of(*issue, "--count", str(count), "--username", "bench")
    made += stack.output_of(*issue, "--role", "service")
    path = stack.home.secrets / "players.tsv"
    descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "w") as file:
        for line in made.splitlines():
            row = json.loads(line)
            file.write(f"{row['userId']}\t{row['token']}\n")
    return path


def read_players(path: Path) -> tuple[list[Player], Player]:
    """Return the players of a file, and its game server."""
    *players, service = (Player(*line.split("\t")) for line in path.read_text().splitlines())
    return players, service
