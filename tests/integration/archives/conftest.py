"""What the tests of archives begin with, and the months that they leave behind."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from domain.store.store import Store
from tests.archives import drop_old_months
from tests.factories import Player, make_player


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """The folder of the archives; it is not there yet."""
    return tmp_path / "archives"


@pytest.fixture(autouse=True)
def without_old_months(store: Store) -> Iterator[None]:
    """Have no month of the past after a test."""
    yield
    drop_old_months(store)


@pytest.fixture
def player(store: Store) -> Player:
    """Somebody who plays."""
    return make_player(store)
