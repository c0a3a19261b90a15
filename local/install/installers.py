"""Installs packages into a virtual environment: by uv when it is on PATH, else by pip.

Standard library only; called by `venv`. Debian's Python has no `ensurepip`: then uv, or a pip
outside the environment, installs the packages.
"""

import importlib.util
import shutil
import subprocess
import sys
import venv as standard_venv
from collections.abc import Sequence
from pathlib import Path

from local.errors import LocalError

SHOWN_LINES = 12


def create_empty(folder: Path) -> None:
    """Create an empty virtual environment for `install`; LocalError when Python cannot."""
    uv = shutil.which("uv")
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    if uv is None and not has_ensurepip and not _has_pip(sys.executable):
        version = f"{sys.version_info.major}.{sys.version_info.minor}"
        raise LocalError(
            "this Python cannot create virtual environments: its 'ensurepip' is missing.\n"
            f"On Debian and Ubuntu: sudo apt install python{version}-venv (or python3-venv)."
        )
    try:
        standard_venv.EnvBuilder(symlinks=True, with_pip=uv is None and has_ensurepip).create(
            folder
        )
    except (OSError, subprocess.CalledProcessError) as error:
        raise LocalError(
            f"the virtual environment in {folder} could not be created: {error}"
        ) from error


def can_install_into(python: Path) -> bool:
    """Return whether the interpreter works and a tool can install packages for it."""
    if not _runs([str(python), "-c", "import sys; sys.exit(sys.version_info < (3, 11))"]):
        return False
    return shutil.which("uv") is not None or _has_pip(str(python)) or _has_pip(sys.executable)


def install(python: Path, lock: Path) -> None:
    """Install the packages of `lock` (with hashes) for `python`; LocalError on failure."""
    failures = []
    for tool, command in _commands(python, lock):
        done = subprocess.run(command, capture_output=True, text=True, check=False)
        if done.returncode == 0:
            return
        output = (done.stderr + done.stdout).strip().splitlines()
        failures.append(f"{tool} printed:\n  " + "\n  ".join(output[-SHOWN_LINES:]))
    raise LocalError(
        f"the packages of {lock.name} could not be installed. Is this machine online?\n"
        + "\n".join(failures)
        + "\nNothing outside .venv was changed. Run the same command again to continue."
    )


def _commands(python: Path, lock: Path) -> list[tuple[str, Sequence[str]]]:
    """Return the commands to try in order; pip also tries, as uv does not read pip's settings."""
    commands: list[tuple[str, Sequence[str]]] = []
    uv = shutil.which("uv")
    wanted = ["--require-hashes", "-r", str(lock)]
    if uv is not None:
        commands.append(("uv", [uv, "pip", "install", "--quiet", "--python", str(python), *wanted]))
    pip_options = ["--quiet", "--disable-pip-version-check", "--no-input", "--retries", "2"]
    if _has_pip(str(python)):
        commands.append(("pip", [str(python), "-m", "pip", "install", *pip_options, *wanted]))
    elif _has_pip(sys.executable):
        outside = [sys.executable, "-m", "pip", "--python", str(python), "install"]
        commands.append(("pip", [*outside, *pip_options, *wanted]))
    return commands


def _has_pip(python: str) -> bool:
    return _runs([python, "-m", "pip", "--version"])


def _runs(command: Sequence[str]) -> bool:
    try:
        done = subprocess.run(command, capture_output=True, check=False)
    except OSError:
        return False
    return done.returncode == 0
