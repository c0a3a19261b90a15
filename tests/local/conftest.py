"""The stub project of the launcher's tests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.local.project import Project


@pytest.fixture
def project(tmp_path: Path) -> Iterator[Project]:
    """A project to launch, in a folder that only its owner can enter."""
    made = Project(tmp_path)
    yield made
    made.end()
