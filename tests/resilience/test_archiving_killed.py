"""Archiving by a process that is killed repeatedly loses and duplicates nothing."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.archives.checking import find_damage
from domain.store.store import Store
from tests.archives import MARCH, drop_old_months, list_months, read_archive, read_totals
from tests.conftest import Stores
from tests.databases import ROOT
from tests.factories import make_player, make_stored_action
from tests.waiting import wait_until

ACTIONS = 150
# One row per part, so that every kill interrupts the work.
ARCHIVE_ALL = """
import sys
from pathlib import Path
from tests.archives import archive
from tests.factories import make_settings
from domain.archives.model import ArchiveStep
from domain.store.store import connect

store = connect(make_settings(database_url=sys.argv[1]))
while archive(store, Path(sys.argv[2]), part_rows=1).step is not ArchiveStep.NOTHING_OLD:
    pass
"""


@pytest.fixture
def user_ids(store: Store) -> Iterator[list[object]]:
    """Three players with fifty actions each in one old month."""
    players = [make_player(store) for _ in range(3)]
    for number in range(ACTIONS):
        make_stored_action(store, players[number % 3], at=MARCH, score_delta=2, batch_id=uuid4())
    yield [player.user_id for player in players]
    drop_old_months(store)


def start(stores: Stores, folder: Path) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-c", ARCHIVE_ALL, stores.database_url, str(folder)],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT)},
    )


def test_an_archiver_killed_at_several_points_loses_and_doubles_nothing(
    store: Store, stores: Stores, user_ids: list[object], tmp_path: Path
) -> None:
    for parts in (1, 20, 60, 120):
        process = start(stores, tmp_path)
        wait_until(lambda wanted=parts: len(list(tmp_path.glob("*.gz"))) >= wanted)
        process.send_signal(signal.SIGKILL)
        process.wait(timeout=10)
    assert start(stores, tmp_path).wait(timeout=60) == 0

    assert list_months(store) == set()
    assert read_totals(store) == dict.fromkeys(user_ids, (50, 100))
    assert len({line["action_id"] for line in read_archive(tmp_path)}) == ACTIONS
    assert list(find_damage(store, archive_path=tmp_path)) == []
    assert [path.name for path in tmp_path.iterdir() if path.suffix == ".unfinished"] == []
    with store.write() as connection:
        ids = connection.execute(text("SELECT count(*) FROM action_ids")).scalar_one()
    assert ids == ACTIONS
