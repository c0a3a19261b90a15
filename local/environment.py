"""The environment of the processes: the user's variables, and defaults for the others."""

import sys
from collections.abc import Mapping
from pathlib import Path

from domain.settings import ENV_FILE_VARIABLE
from local import credentials
from local.home import Home
from local.ports import LOOPBACK

STORE_VARIABLES = ("DATABASE_URL", "REDIS_URL")
OWN_SECRETS = ("JWT_SECRET", "AUDIT_SIGNING_KEY", "AUDIT_CHECKPOINT_FILE")


def child_environment(
    home: Home, *, env: Mapping[str, str], urls: Mapping[str, str], ports: Mapping[str, int]
) -> dict[str, str]:
    """Return the environment of every process; the user's variables win, except for PATH."""
    defaults = {
        **urls,
        "JWT_SECRET": "",
        "AUDIT_SIGNING_KEY": "",
        "LAUREL_ENV": "development",
        "HOST": LOOPBACK,
        "PROMETHEUS_MULTIPROC_DIR": str(home.metrics),
        "PYTHONUNBUFFERED": "1",
        # No archiving by default on a developer's machine; setting the variable enables it.
        "RETENTION_DAYS": "0",
    }
    given = {name: value for name, value in env.items() if value or name not in defaults}
    merged = defaults | given
    merged |= {name: str(port) for name, port in ports.items()}
    merged["LAUREL_HOME"] = str(home.folder)
    merged["PATH"] = path_with_venv(env)
    if not merged["JWT_SECRET"]:
        merged["JWT_SECRET"] = credentials.secret(home.secrets, credentials.JWT)
    if not merged["AUDIT_SIGNING_KEY"]:
        merged["AUDIT_SIGNING_KEY"] = credentials.signing_key(home.secrets)
    return merged


def missing_stores(env: Mapping[str, str]) -> list[str]:
    """Return the variables of the stores that the user has not set: these are to be started."""
    return [name for name in STORE_VARIABLES if not env.get(name)]


def without_stores(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment without anything that leads to the user's data, `.env` included."""
    private = (*STORE_VARIABLES, "LAUREL_HOME", "PROMETHEUS_MULTIPROC_DIR", *OWN_SECRETS)
    kept = {name: value for name, value in env.items() if name not in private}
    return kept | {"PATH": path_with_venv(env), ENV_FILE_VARIABLE: ""}


def path_with_venv(env: Mapping[str, str]) -> str:
    """Return PATH with the programs of `.venv` in front."""
    return f"{Path(sys.executable).parent}:{env.get('PATH', '/usr/bin:/bin')}"
