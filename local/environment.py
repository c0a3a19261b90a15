"""What the processes find in their environment: the user's own, and a default for the rest."""

import sys
from collections.abc import Mapping
from pathlib import Path

from local import credentials
from local.home import Home
from local.ports import LOOPBACK

STORE_VARIABLES = ("DATABASE_URL", "REDIS_URL")


def child_environment(
    home: Home, *, env: Mapping[str, str], urls: Mapping[str, str], ports: Mapping[str, int]
) -> dict[str, str]:
    """Return the environment of every process: what the user set stands, but for PATH."""
    defaults = {
        **urls,
        "JWT_SECRET": "",
        "LAUREL_ENV": "development",
        "HOST": LOOPBACK,
        "PROMETHEUS_MULTIPROC_DIR": str(home.metrics),
        "PYTHONUNBUFFERED": "1",
        # A trial's old actions stay where they are; a server's own setting brings archiving back.
        "RETENTION_DAYS": "0",
    }
    given = {name: value for name, value in env.items() if value or name not in defaults}
    merged = defaults | given
    merged |= {name: str(port) for name, port in ports.items()}
    merged["LAUREL_HOME"] = str(home.folder)
    merged["PATH"] = path_with_venv(env)
    if not merged["JWT_SECRET"]:
        merged["JWT_SECRET"] = credentials.secret(home.secrets, credentials.JWT)
    return merged


def without_stores(env: Mapping[str, str]) -> dict[str, str]:
    """Return the environment with nothing in it that leads to the user's data."""
    mine = (*STORE_VARIABLES, "LAUREL_HOME", "PROMETHEUS_MULTIPROC_DIR", "JWT_SECRET")
    kept = {name: value for name, value in env.items() if name not in mine}
    return kept | {"PATH": path_with_venv(env)}


def path_with_venv(env: Mapping[str, str]) -> str:
    """Return PATH with the programs of `.venv` first."""
    return f"{Path(sys.executable).parent}:{env.get('PATH', '/usr/bin:/bin')}"
