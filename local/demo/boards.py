"""The boards of the demo, made by the operator's command when they are not there.

Called by `command`. Boards that are there are left as they are, but for a season that is over.
"""

import json
import subprocess
import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from string import Template
from typing import Any

from local.errors import LocalError

FILE = Path(__file__).with_name("boards.toml")
COMMAND = ("flask", "--app", "wsgi", "boards")
HEADER = "[[boards]]"
SEASON_DAYS = 90
IN_USE = ("building", "live")


def make_boards(root: Path, env: Mapping[str, str], now: datetime) -> list[str]:
    """Make the boards that are not there; return their titles. Raises LocalError."""
    listed = _run(root, env, "list", "--json").splitlines()
    records = [json.loads(line) for line in listed if line.startswith("{")]
    missing = list_missing(records, now)
    if missing:
        _run(root, env, "apply", "-", "--yes", given="\n".join(missing.values()))
    return list(missing)


def list_missing(records: Iterable[Mapping[str, Any]], now: datetime) -> dict[str, str]:
    """Return the tables of the boards that are not there, as TOML by title.

    `records` are the boards that are there, as the command lists them. A season that is over is
    missing too: the next one begins with the day of `now`, in UTC.
    """
    start = now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    text = Template(FILE.read_text()).substitute(
        season_title=f"{start:%B} season",
        season_start=start.isoformat(),
        season_end=(start + timedelta(days=SEASON_DAYS)).isoformat(),
    )
    there = {record["board"]["id"] for record in records if not _is_over(record, now)}
    tables = [HEADER + rest for rest in text.split(HEADER)[1:]]
    parsed = [(tomllib.loads(table)["boards"][0], table) for table in tables]
    return {board["title"]: table for board, table in parsed if board["id"] not in there}


def _is_over(record: Mapping[str, Any], now: datetime) -> bool:
    """Return whether this is a season that another one may follow: not of an archived board."""
    end = record["board"]["period"].get("end")
    is_in_use = record["state"] in IN_USE
    return is_in_use and end is not None and datetime.fromisoformat(end) <= now


def _run(root: Path, env: Mapping[str, str], *arguments: str, given: str = "") -> str:
    """Return what the operator's command prints; raises LocalError with its reason."""
    done = subprocess.run(
        [*COMMAND, *arguments],
        cwd=root,
        env=dict(env),
        input=given,
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise LocalError("the boards could not be made:\n  " + done.stderr.strip()[-1000:])
    return done.stdout
