"""The version of the product, which stands in pyproject.toml only.

Standard library only: the launcher prints it before `.venv` exists.
"""

import tomllib
from pathlib import Path

_PYPROJECT = Path(__file__).parents[1] / "pyproject.toml"


def read_version() -> str:
    """Return the version of this checkout."""
    project: dict[str, str] = tomllib.loads(_PYPROJECT.read_text())["project"]
    return project["version"]
