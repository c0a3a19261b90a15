"""Every package is a room: one subject, at most sixteen modules, a docstring that says which."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TREES = ("domain", "web", "workers", "cli", "local", "devtools", "rig", "bench", "faults", "tests")
MAX_MODULES = 16


def list_rooms() -> list[Path]:
    return [
        path.parent
        for tree in TREES
        for path in sorted((ROOT / tree).rglob("__init__.py"))
        if "__pycache__" not in path.parts
    ]


@pytest.mark.parametrize("room", list_rooms(), ids=lambda room: str(room.relative_to(ROOT)))
def test_no_room_has_more_than_sixteen_modules(room: Path) -> None:
    modules = [path.name for path in room.glob("*.py") if path.name != "__init__.py"]
    assert len(modules) <= MAX_MODULES


@pytest.mark.parametrize("room", list_rooms(), ids=lambda room: str(room.relative_to(ROOT)))
def test_the_init_of_a_room_holds_its_docstring_only(room: Path) -> None:
    body = ast.parse((room / "__init__.py").read_text()).body
    if room.relative_to(ROOT).parts[0] != "tests":
        assert ast.get_docstring(ast.Module(body, [])), "says what lives here"
    assert len(body) <= 1
