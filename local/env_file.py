"""The `.env` file: defaults for the environment of a command and of the processes it starts.

Called by `__main__` before a command reads any variable, so PORT or LAUREL_HOME may be in it.
"""

from collections.abc import MutableMapping
from pathlib import Path

from domain.errors import SettingsError
from domain.settings import ENV_FILE_VARIABLE, read_env_file
from local.errors import LocalError


def load_env_file(root: Path, env: MutableMapping[str, str]) -> None:
    """Add the variables of the `.env` file in `root` that `env` does not have.

    Raises LocalError when the file cannot be read.
    """
    if env.get(ENV_FILE_VARIABLE) == "":
        return
    try:
        found = read_env_file(root)
    except SettingsError as error:
        raise LocalError(error.message) from error
    for name, value in found.items():
        env.setdefault(name, value)


def ignore_env_file(env: MutableMapping[str, str]) -> None:
    """Keep everything that inherits `env` from reading the `.env` file."""
    env[ENV_FILE_VARIABLE] = ""
