"""Creates and repairs `.venv` from the lock files; called by `bootstrap`.

Standard library only. A stamp, written last, records the lock file that is installed. A marker
shows that a run was interrupted and the folder is incomplete.
"""

import fcntl
import hashlib
import json
import os
import shutil
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from local.errors import LocalError
from local.install import installers

BASE_LOCK = "requirements.txt"
DEV_LOCK = "requirements-dev.txt"
BENCH_LOCK = "requirements-bench.txt"
MARKER = "laurel-unfinished"


def ensure(root: Path, *, dev: bool, bench: bool = False) -> Path:
    """Return the interpreter of `.venv`, after installing what is missing.

    Raises LocalError when a package cannot be installed or `.venv` is another kind of folder.
    """
    locks = _list_locks(dev=dev, bench=bench)
    for name in locks:
        if not (root / name).is_file():
            raise LocalError(f"{name} is missing: this checkout of Laurel is incomplete.")
    if not all(_is_installed(root, name) for name in locks):
        try:
            _complete(root, locks)
        except OSError as error:
            raise LocalError(
                f"packages cannot be installed into {root / '.venv'}: {error.strerror or error}."
                " Run this once where the checkout may be written, or copy the checkout."
            ) from error
    return _python(root)


def find_installed(root: Path, *, dev: bool = False) -> Path | None:
    """Return the interpreter of `.venv` if everything is installed, else None."""
    is_complete = all(
        (root / name).is_file() and _is_installed(root, name) for name in _list_locks(dev=dev)
    )
    return _python(root) if is_complete else None


def find_any(root: Path) -> Path | None:
    """Return the interpreter of `.venv` if there is one, however old its packages are."""
    return _python(root) if _python(root).exists() else None


def _python(root: Path) -> Path:
    return root / ".venv" / "bin" / "python"


def _list_locks(*, dev: bool, bench: bool = False) -> list[str]:
    return [BASE_LOCK, *([DEV_LOCK] if dev else []), *([BENCH_LOCK] if bench else [])]


def _complete(root: Path, locks: Sequence[str]) -> None:
    """Install what is missing, while no other start does."""
    with _exclusive(root):
        folder = root / ".venv"
        _refuse_foreign(folder)
        if not _is_usable(root, folder):
            _create(folder)
        for name in locks:
            if not _is_installed(root, name):
                _install(root, name)


def _is_installed(root: Path, lock: str) -> bool:
    folder = root / ".venv"
    if (folder / MARKER).exists():
        return False
    return _read_stamp(_stamp_path(folder, lock)) == _stamp(root, lock)


def _stamp_path(folder: Path, lock: str) -> Path:
    return folder / f"laurel-{Path(lock).stem}.json"


def _stamp(root: Path, lock: str) -> dict[str, str]:
    """Return the facts that an installation depends on.

    The folder's path is one: the scripts in `.venv/bin` have it in their first line.
    """
    python = root / ".venv" / "bin" / "python"
    return {
        "lock": hashlib.sha256((root / lock).read_bytes()).hexdigest(),
        "folder": str(root.resolve()),
        "interpreter": _interpreter(python),
    }


def _interpreter(python: Path) -> str:
    """Return the real path and modification time of the interpreter; an upgrade changes them."""
    try:
        real = python.resolve(strict=True)
        return f"{real}:{real.stat().st_mtime_ns}"
    except OSError:
        return "missing"


@contextmanager
def _exclusive(root: Path) -> Iterator[None]:
    """Hold a file lock on requirements.txt, so that two first starts do not run at once."""
    with (root / BASE_LOCK).open("rb") as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        yield


def _refuse_foreign(folder: Path) -> None:
    """Raise LocalError when `.venv` holds other files, which must not be deleted."""
    if not folder.exists() or (folder / "pyvenv.cfg").exists() or (folder / MARKER).exists():
        return
    if any(files for _, _, files in os.walk(folder)):
        raise LocalError(
            f"{folder} is not a virtual environment. Move it and run this command again."
        )


def _is_usable(root: Path, folder: Path) -> bool:
    """Return whether packages can be installed into the existing folder."""
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


def _create(folder: Path) -> None:
    """Create an empty virtual environment in place of an incomplete or broken one."""
    if folder.exists():
        print("The virtual environment in .venv is incomplete or broken. Creating it again.")
        shutil.rmtree(folder)
    else:
        print("Creating the virtual environment in .venv.")
    folder.mkdir()
    marker = folder / MARKER
    marker.touch()
    installers.create_empty(folder)
    marker.unlink()


def _install(root: Path, lock: str) -> None:
    folder = root / ".venv"
    marker = folder / MARKER
    _stamp_path(folder, lock).unlink(missing_ok=True)
    print(f"Installing the packages of {lock}. This can take a minute, once for each change of it.")
    marker.touch()
    try:
        installers.install(folder / "bin" / "python", root / lock)
    except LocalError:
        marker.unlink()  # the installer was not interrupted: a later run can continue
        raise
    marker.unlink()
    part = _stamp_path(folder, lock).with_suffix(".part")
    part.write_text(json.dumps(_stamp(root, lock)))
    part.replace(_stamp_path(folder, lock))
