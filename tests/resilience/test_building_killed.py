"""A keeper killed at any point of a build: the next one goes on, and the board is whole."""

import signal
from datetime import UTC, datetime, timedelta

import pytest

from domain.boards.model import BoardId
from domain.rankings.administration.boards import create_board, get_board
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.store import Store
from tests.built_boards import expect_rows, make_ledger, read_ledger, read_ranking_rows
from tests.intakes import fetch
from tests.waiting import wait_until
from tests.workers.processes import StartKeeper

pytestmark = pytest.mark.slow

NOW = datetime.now(UTC)


@pytest.mark.parametrize(
    ("point", "built"),
    [("before chunk", 2), ("in chunk", 2), ("after chunk", 4), ("before switch", 7)],
)
def test_a_keeper_killed_while_it_builds_leaves_the_rest_to_the_next(
    store: Store, start_keeper: StartKeeper, point: str, built: int
) -> None:
    make_ledger(store, players=7, actions=40, since=NOW - timedelta(days=2), until=NOW)
    board = BoardId("all-time")
    create_board(store, document={"id": board.slug, "segment": "player.country"})
    doomed = start_keeper({"LAUREL_TEST_BUILDING_CRASH": point})
    assert doomed.wait(30) == -signal.SIGKILL
    (progress,) = fetch(store, "SELECT state, built_players FROM board_versions")
    assert (progress.state, progress.built_players) == ("building", built)
    start_keeper({})
    wait_until(lambda: get_board(store, board=board).state == "live", timeout_seconds=30)
    with store.write() as connection:
        (version,) = list_counted_versions(connection)
    assert read_ranking_rows(store, version) == expect_rows(version, *read_ledger(store)) != {}
