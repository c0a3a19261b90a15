"""Reads the Procfile and returns its processes with their instance names."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError

REPEATED = "worker"
DEFAULT_WORKERS = 2
MOST_WORKERS = 64


@dataclass(frozen=True)
class Line:
    """One process; `worker.1` is an instance of the line `worker`."""

    instance: str
    kind: str
    command: str


def read_procfile(path: Path) -> list[tuple[str, str]]:
    """Return (name, command) pairs; raises LocalError with the number of an invalid line."""
    if not path.is_file():
        raise LocalError(f"there is no {path.name} in {path.parent}.")
    pairs: list[tuple[str, str]] = []
    for number, text in enumerate(path.read_text().splitlines(), start=1):
        if not text.strip() or text.lstrip().startswith("#"):
            continue
        match = re.fullmatch(r"([A-Za-z0-9_-]+):\s*(\S.*)", text.strip())
        if match is None:
            raise LocalError(f"{path.name}, line {number}: expected 'name: command'.")
        if match[1] in (name for name, _ in pairs):
            raise LocalError(f"{path.name}, line {number}: a second process called '{match[1]}'.")
        pairs.append((match[1], match[2]))
    return pairs


def instances(pairs: list[tuple[str, str]], workers: int) -> list[Line]:
    """Return one entry per process: `workers` of the line `worker`, one of each other line."""
    lines = []
    for kind, command in pairs:
        if kind == REPEATED:
            lines += [Line(f"{kind}.{n}", kind, command) for n in range(1, workers + 1)]
        else:
            lines.append(Line(kind, kind, command))
    return lines


def worker_count(env: Mapping[str, str]) -> int:
    """Return the value of WORKERS; raises LocalError when it is not in range."""
    value = env.get("WORKERS") or str(DEFAULT_WORKERS)
    if not value.isascii() or not value.isdigit() or not 1 <= int(value) <= MOST_WORKERS:
        raise LocalError(f"WORKERS={value} must be a number from 1 to {MOST_WORKERS}.")
    return int(value)
