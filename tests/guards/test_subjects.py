"""Subjects of the domain share words and pure rules, never each other's use cases.

The subjects are the packages under `domain` except the store; what is a use case and what is
shared, the layers in pyproject.toml say.
"""

import tomllib
from collections.abc import Iterator
from pathlib import Path

import grimp
import pytest

ROOT = Path(__file__).parents[2]
DOMAIN = ROOT / "domain"
CONTRACT = "inside the domain"
STORE = "domain.store"
NOT_LAYERED = {"domain", "domain.settings_rules"}


def read_layers() -> list[list[str]]:
    """Return the domain's layers from top to bottom, each with its modules."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
    (contract,) = (entry for entry in contracts["contracts"] if entry["name"].startswith(CONTRACT))
    return [layer.replace("|", ":").replace(" ", "").split(":") for layer in contract["layers"]]


LAYERS = read_layers()
USE_CASES = LAYERS[: LAYERS.index([STORE])]


def list_subjects() -> list[str]:
    return sorted(
        f"domain.{folder.name}"
        for folder in DOMAIN.iterdir()
        if (folder / "__init__.py").exists() and folder.name != "store"
    )


def list_modules(subject: str) -> Iterator[str]:
    for path in (ROOT / subject.replace(".", "/")).rglob("*.py"):
        if path.name != "__init__.py":
            yield ".".join(path.relative_to(ROOT).with_suffix("").parts)


def find_trespasses(graph: grimp.ImportGraph, layers: list[list[str]]) -> list[str]:
    """Return the imports of a use case by one of another subject in the same layer."""
    return [
        f"{module} imports {imported}"
        for layer in layers
        for module in layer
        if module in graph.modules
        for imported in sorted(graph.find_modules_directly_imported_by(module))
        if imported in layer and imported.split(".")[1] != module.split(".")[1]
    ]


@pytest.fixture(scope="module")
def graph() -> grimp.ImportGraph:
    """Every import inside the domain."""
    return grimp.build_graph("domain", cache_dir=None)


def test_no_use_case_imports_one_of_another_subject(graph: grimp.ImportGraph) -> None:
    assert find_trespasses(graph, USE_CASES) == []


def test_a_trespass_is_found(graph: grimp.ImportGraph) -> None:
    first, second = "domain.accounts.identity", "domain.audit.auditing"
    assert [first, second] == [name for name in (first, second) if name in USE_CASES[1]]
    graph.add_import(importer=first, imported=second)
    try:
        assert find_trespasses(graph, USE_CASES) == [f"{first} imports {second}"]
    finally:
        graph.remove_import(importer=first, imported=second)


def test_every_module_of_every_subject_has_one_layer() -> None:
    layered = [module for layer in LAYERS for module in layer]
    assert len(layered) == len(set(layered))
    whole = {name for name in layered if (ROOT / name.replace(".", "/")).is_dir()}
    modules = {
        module
        for subject in list_subjects()
        if subject not in whole
        for module in list_modules(subject)
    }
    top = {f"domain.{path.stem}" for path in DOMAIN.glob("*.py") if path.stem != "__init__"}
    assert modules | whole | top - NOT_LAYERED == set(layered)
