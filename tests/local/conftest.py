"""The stub project that the tests of the launcher start."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project to start, in a folder that only its owner can enter."""
    made = Project(tmp_path)
    yield made
    made.end()
