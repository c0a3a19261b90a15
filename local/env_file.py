"""The `.env` file: defaults for the environment of a command and of the processes it starts.

Called by `__main__` before a command reads any variable, so PORT or LAUREL_HOME may be in it.
"""

from collections.abc import MutableMapping
from pathlib import Path

from dotenv import dotenv_values

from local.errors import LocalError

FILE = ".env"
VARIABLE = "LAUREL_ENV_FILE"
"""Set to an empty string, it keeps a command and its children from reading the file."""


def load_env_file(root: Path, env: MutableMapping[str, str]) -> None:
    """Add the variables of the `.env` file in `root` that `env` does not have.

    Raises LocalError when the file cannot be read.
    """
    if env.get(VARIABLE) == "":
        return
    path = root / FILE
    try:
        found = dotenv_values(path, encoding="utf-8")
    except (OSError, ValueError) as error:
        raise LocalError(f"{path} cannot be read: {error}.") from error
    for name, value in found.items():
        if value is not None:
            env.setdefault(name, value)


def ignore_env_file(env: MutableMapping[str, str]) -> None:
    """Keep everything that inherits `env` from reading the `.env` file."""
    env[VARIABLE] = ""
