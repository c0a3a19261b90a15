"""Only `domain/settings.py` reads the environment inside the product."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
PRODUCT = ("domain", "workers", "web", "cli", "migrations", "celeryconfig.py", "wsgi.py")
READER = ROOT / "domain" / "settings.py"
NAMES = {"environ", "environb", "getenv", "getenvb", "putenv", "unsetenv"}


def find_readings(source: str) -> Iterator[int]:
    """Yield the lines that import or name what reads the environment."""
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Attribute) and node.attr in NAMES:
            if isinstance(node.value, ast.Name) and node.value.id in ("os", "posix"):
                yield node.lineno
        elif isinstance(node, ast.Import):
            if any(alias.name in ("os", "posix") and alias.asname for alias in node.names):
                yield node.lineno
        elif isinstance(node, ast.ImportFrom) and (
            node.module == "dotenv"
            or (node.module in ("os", "posix") and NAMES & {alias.name for alias in node.names})
        ):
            yield node.lineno


def list_modules() -> Iterator[Path]:
    for name in PRODUCT:
        path = ROOT / name
        yield from path.rglob("*.py") if path.is_dir() else [path]


def test_only_the_settings_read_the_environment() -> None:
    found = [
        f"{path.relative_to(ROOT)}:{line}"
        for path in list_modules()
        if path != READER
        for line in find_readings(path.read_text())
    ]
    assert found == []
    assert list(find_readings(READER.read_text())), "the guard sees the one reader"


@pytest.mark.parametrize(
    "source",
    [
        "import os\nos.environ['X']",
        "import os\nos.getenv('X')",
        "from os import environ",
        "from os import getenv as read",
        "import os as system",
        "from dotenv import load_dotenv",
    ],
)
def test_every_way_to_read_it_is_found(source: str) -> None:
    assert list(find_readings(source))


@pytest.mark.parametrize(
    "source", ["import os\nos.kill(1, 0)", "environ = {}\nenviron['X']", "request.environ"]
)
def test_what_is_no_environment_of_the_process_is_left_alone(source: str) -> None:
    assert not list(find_readings(source))
