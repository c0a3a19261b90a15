"""Makes and mends `.venv` from the hash-locked requirements; called by `bootstrap`.

Standard library only. A stamp written last says which lock is installed; a marker that an
interrupted run leaves behind says that the folder is half made.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError
from local.install import installers

BASE_LOCK = "requirements.txt"
DEV_LOCK = "requirements-dev.txt"
BENCH_LOCK = "requirements-bench.txt"
MARKER = "laurel-unfinished"


def ensure(root: Path, *, dev: bool, bench: bool = False) -> Path:
    """Return the interpreter of `.venv` with the locked packages in it, making what is missing.

    Raises LocalError when the packages cannot be had or `.venv` is somebody else's folder.
    """
    locks = [BASE_LOCK, *([DEV_LOCK] if dev else []), *([BENCH_LOCK] if bench else [])]
    folder = root / ".venv"
    python = folder / "bin" / "python"
    for name in locks:
        if not (root / name).is_file():
            raise LocalError(f"{name} is missing: this is not a whole checkout of Laurel.")
    if all(_is_installed(root, name) for name in locks):
        return python
    with _one_at_a_time(root):
        _refuse_foreign(folder)
        if not _is_usable(root, folder):
            _make(folder)
        for name in locks:
            if not _is_installed(root, name):
                _install(root, name)
    return python


def _is_installed(root: Path, lock: str) -> bool:
    folder = root / ".venv"
    if (folder / MARKER).exists():
        return False
    return _read_stamp(_stamp_path(folder, lock)) == _stamp(root, lock)


def _stamp_path(folder: Path, lock: str) -> Path:
    return folder / f"laurel-{Path(lock).stem}.json"


def _stamp(root: Path, lock: str) -> dict[str, str]:
    """Return what must be the same for an installation to be still good.

    The folder's own path is in it because scripts in `.venv/bin` name it in their first line.
    """
    python = root / ".venv" / "bin" / "python"
    return {
        "lock": hashlib.sha256((root / lock).read_bytes()).hexdigest(),
        "folder": str(root.resolve()),
        "interpreter": _interpreter(python),
    }


def _interpreter(python: Path) -> str:
    """Return where the interpreter really is, and its age: an upgrade below us changes it."""
    try:
        real = python.resolve(strict=True)
        return f"{real}:{real.stat().st_mtime_ns}"
    except OSError:
        return "missing"


@contextmanager
def _one_at_a_time(root: Path) -> Iterator[None]:
    """Hold a lock on the lock file itself, so that two first starts do not build at once."""
    with (root / BASE_LOCK).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _refuse_foreign(folder: Path) -> None:
    """Raise LocalError when `.venv` is somebody's folder of files: not ours to clear."""
    if not folder.exists() or (folder / "pyvenv.cfg").exists() or (folder / MARKER).exists():
        return
    if any(files for _, _, files in os.walk(folder)):
        raise LocalError(
            f"{folder} is not a virtual environment. Move it away, then run this again."
        )


def _is_usable(root: Path, folder: Path) -> bool:
    """Return whether packages can be installed on top of what is there."""
    python = folder / "bin" / "python"
    if not folder.exists() or (folder / MARKER).exists():
        return False
    now = _stamp(root, BASE_LOCK)
    for path in folder.glob("laurel-requirements*.json"):
        stamp = _read_stamp(path)
        if any(stamp.get(key) != now[key] for key in ("folder", "interpreter")):
            return False
    return installers.can_install_into(python)


def _read_stamp(path: Path) -> dict[str, str]:
    try:
        return dict(json.loads(path.read_text()))
    except (OSError, ValueError):
        return {}


def _make(folder: Path) -> None:
    """Make an empty virtual environment in place of whatever half of one is there."""
    if folder.exists():
        print("The virtual environment in .venv is unfinished or broken: making it anew.")
        shutil.rmtree(folder)
    else:
        print("Making the virtual environment in .venv.")
    folder.mkdir()
    marker = folder / MARKER
    marker.touch()
    installers.make_empty(folder)
    marker.unlink()


def _install(root: Path, lock: str) -> None:
    folder = root / ".venv"
    marker = folder / MARKER
    _stamp_path(folder, lock).unlink(missing_ok=True)
    print(f"Installing the packages of {lock}; only when it has changed, this can take a minute.")
    marker.touch()
    try:
        installers.install(folder / "bin" / "python", root / lock)
    except LocalError:
        marker.unlink()  # the installer ended by itself: what is there can be built upon
        raise
    marker.unlink()
    half = _stamp_path(folder, lock).with_suffix(".part")
    half.write_text(json.dumps(_stamp(root, lock)))
    half.replace(_stamp_path(folder, lock))
