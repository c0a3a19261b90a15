"""`bench` and `faults` share code through `rig` only."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]


@pytest.mark.parametrize(
    ("package", "forbidden"),
    [("bench", {"faults"}), ("faults", {"bench"}), ("rig", {"bench", "faults"})],
)
def test_packages_do_not_import_their_neighbours(package: str, forbidden: set[str]) -> None:
    imported = set()
    for path in (ROOT / package).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.ImportFrom):
                imported.add((node.module or "").partition(".")[0])
            elif isinstance(node, ast.Import):
                imported |= {alias.name.partition(".")[0] for alias in node.names}
    assert "rig" in imported
    assert not imported & forbidden
