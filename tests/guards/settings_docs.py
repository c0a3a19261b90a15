"""Writes docs/settings.md and .env.example from the documentation in the settings themselves.

`python -m tests.guards.settings_docs` writes them; `test_settings_docs.py` checks that they agree.
"""

from dataclasses import Field, fields
from pathlib import Path
from typing import Any

from domain.settings import Settings

ROOT = Path(__file__).parent.parent.parent
TABLE = ROOT / "docs" / "settings.md"
EXAMPLE = ROOT / ".env.example"
NAMES = {int: "whole number", float: "number", bool: "true or false", str: "text"}

HEAD = """# Settings

Every setting is an environment variable, read once at the start. Each process also reads the file
`.env` in its working directory (`.env.example` is one to copy); a variable of the real environment
wins, and with `LAUREL_ENV=test` there the file is not read. A variable that is empty counts as not
set. If any is wrong, the process does not start: it names every wrong one at once, without showing
its value, and exits with code 3. `python3 run.py` sets the stores' addresses, a `JWT_SECRET`, an
`AUDIT_SIGNING_KEY` and `LAUREL_ENV=development` unless they are given.

In production (`LAUREL_ENV=production`, the default) the start is also refused for a `JWT_SECRET`
that is short, well known or too regular, for `DEBUG`, for `ALLOWED_ORIGINS=*`, for a well-known
password in `DATABASE_URL`, and without `METRICS_TOKEN` or `FLOWER_BASIC_AUTH`.

| variable | kind | default | what it is |
|---|---|---|---|
"""

EXAMPLE_HEAD = """# Every setting of Laurel with its default; docs/settings.md has them as a table.
# Copy this file to `.env`: every process and `python3 run.py` read it from the folder in which they
# are started. A variable of the real environment wins.
# Lines that begin with # are defaults; the others have none and must be set.

"""
PLACEHOLDERS = {
    "database_url": "postgresql://user:pass@localhost:5432/scoredb",
    "jwt_secret": "",
}


def write_table() -> str:
    """Return the text of docs/settings.md."""
    return HEAD + "".join(
        f"| `{spec.name.upper()}` | {_kind(spec)} | {_default(spec)} | {spec.metadata['doc']} |\n"
        for spec in fields(Settings)
    )


def write_example() -> str:
    """Return the text of .env.example."""
    blocks = []
    for spec in fields(Settings):
        name = spec.name.upper()
        is_needed = spec.name in PLACEHOLDERS
        value = PLACEHOLDERS.get(spec.name, _plain(spec.default))
        blocks.append(f"# {spec.metadata['doc']}\n{'' if is_needed else '#'}{name}={value}\n")
    return EXAMPLE_HEAD + "\n".join(blocks)


def _kind(spec: "Field[Any]") -> str:
    kind = NAMES.get(spec.type, "list") if isinstance(spec.type, type) else "list"
    minimum, maximum = spec.metadata["minimum"], spec.metadata["maximum"]
    if minimum is None:
        return kind
    return f"{kind}, {minimum} to {maximum}" if maximum is not None else f"{kind}, from {minimum}"


def _default(spec: "Field[Any]") -> str:
    plain = _plain(spec.default)
    return f"`{plain}`" if plain else "none"


def _plain(value: Any) -> str:
    if isinstance(value, tuple):
        return ",".join(value)
    return str(value).lower() if isinstance(value, bool) else str(value)


if __name__ == "__main__":
    TABLE.write_text(write_table())
    EXAMPLE.write_text(write_example())
