"""The environment of the running system, for commands that work on it; and `run.py exec`.

`serve` writes it to a file that only its owner can read.
"""

import json
import os
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import fields
from pathlib import Path

from domain.settings import Settings
from local.environment import STORE_VARIABLES, path_with_venv
from local.errors import LocalError
from local.home import Home, home_path, is_running

FILE = "environment.json"
# Every setting, so that a command uses the same archives, limits and lifetimes as the system.
KEPT = tuple(spec.name.upper() for spec in fields(Settings))


def write_environment(home: Home, env: Mapping[str, str]) -> None:
    """Store the settings of this start."""
    path = home.secrets / FILE
    part = path.with_suffix(".part")
    part.unlink(missing_ok=True)
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        json.dump({name: env[name] for name in KEPT if name in env}, file)
    part.replace(path)


def running_environment(root: Path, env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment of the system on this home; LocalError when it is not running.

    When it is not running but DATABASE_URL and REDIS_URL are both set, `env` is returned.
    """
    own = dict(env) | {"PATH": path_with_venv(env)}
    home = home_path(root, env)
    if is_running(home):
        try:
            kept = json.loads((home.secrets / FILE).read_text())
        except (OSError, ValueError) as error:
            raise LocalError(f"Laurel is still starting on {home.folder}. Try again.") from error
        return own | {str(name): str(value) for name, value in kept.items()}
    if all(env.get(name) for name in STORE_VARIABLES):
        return own
    raise LocalError(
        f"Laurel is not running on {home.folder}. Start it with 'python3 run.py' in another"
        " terminal, or set DATABASE_URL and REDIS_URL to existing stores."
    )


def main(root: Path, arguments: Sequence[str]) -> int:
    """Run a command with the environment of the running system; return its exit code."""
    if not arguments or arguments[0] in ("-h", "--help"):
        print("usage: python3 run.py exec COMMAND ...\n\nFor example: flask --app wsgi --help")
        return 0 if arguments else 2
    return run_in(root, arguments)


def run_in(root: Path, command: Sequence[str]) -> int:
    """Run a command on the running system and return its exit code."""
    env = running_environment(root, os.environ)
    try:
        return subprocess.run(command, cwd=root, env=env, check=False).returncode
    except FileNotFoundError as error:
        raise LocalError(f"the program '{command[0]}' was not found.") from error
    except KeyboardInterrupt:
        return 130
