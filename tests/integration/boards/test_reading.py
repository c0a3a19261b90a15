"""The reader: one answer whichever store gives it, and a replica only where it may lag behind."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.players import get_player_score
from domain.boards.reader import (
    complete_ranks,
    find_neighborhood,
    find_ranks,
    find_standings,
    read_state,
    read_top,
)
from domain.boards.rebuild import compare_board, rebuild_board
from domain.errors import DatabaseUnavailableError
from domain.settings import Settings
from domain.store.postgres.engine import create_engine
from domain.store.redis import boards
from domain.store.store import Store
from tests.integration.boards.reading import make_crowd

NOW = datetime(2026, 11, 23, tzinfo=UTC)
NO_SERVER = "postgresql://nobody@127.0.0.1:1/none"


@pytest.fixture
def store_without_replica(store: Store, settings: Settings) -> Iterator[Store]:
    """A store whose replica is down, while its primary is up."""
    engine = create_engine(replace(settings, database_url=NO_SERVER), 1)
    yield replace(store, read_engine=engine)
    engine.dispose()


def test_a_state_from_sql_is_that_of_the_trusted_set(store: Store) -> None:
    make_crowd(store, 150)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    top = read_top(store, board=GLOBAL_BOARD)
    users = [standing.user_id for standing in top.standings[::7]]
    state = read_state(store, board=GLOBAL_BOARD, user_ids=users, now=NOW)
    assert (state.top.board, state.top.epoch, state.top.seq) == (GLOBAL_BOARD, "", 0)
    assert (state.top.standings, state.top.total_users) == (top.standings, 150)
    assert state.ranks == find_ranks(store, board=GLOBAL_BOARD, user_ids=users)
    assert state.scores == {row.user_id: row.score for row in top.standings[::7]}
    ids = [str(user) for user in users]
    ranks = {str(user): rank for user, rank in state.ranks.items()}
    for answered, expected in ((None, ranks), ({ids[0]: 99}, {ids[0]: 99})):
        assert expected == complete_ranks(
            store, board=GLOBAL_BOARD, user_ids=ids, answered=answered
        )


def test_standings_of_single_users_are_those_of_the_board(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("domain.boards.reader.CHUNK_USERS", 7)
    make_crowd(store, 30)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    expected = {
        row.user_id: (row.rank, row.score)
        for row in read_top(store, board=GLOBAL_BOARD).standings[:20]
    }
    for _ in ("trusted", "not trusted"):
        found = find_standings(store, board=GLOBAL_BOARD, user_ids=list(expected))
        assert {user: (row.rank, row.score) for user, row in found.items()} == expected
        boards.distrust(store.redis, board=GLOBAL_BOARD)


def test_what_decides_reads_the_primary(store_without_replica: Store) -> None:
    store = store_without_replica
    make_crowd(store, 3)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    users = [row.user_id for row in read_top(store, board=GLOBAL_BOARD).standings]
    assert compare_board(store, board=GLOBAL_BOARD).is_sound
    ids = [str(user) for user in users]
    ranks = complete_ranks(store, board=GLOBAL_BOARD, user_ids=ids, answered=None)
    assert sorted(ranks.values()) == [1, 2, 3]
    state = read_state(store, board=GLOBAL_BOARD, user_ids=users, now=NOW)
    assert [row.user_id for row in state.top.standings] == users


def test_what_may_be_a_moment_old_reads_the_replica(store_without_replica: Store) -> None:
    store = store_without_replica
    make_crowd(store, 3)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    user = read_top(store, board=GLOBAL_BOARD).standings[0].user_id
    boards.distrust(store.redis, board=GLOBAL_BOARD)
    for read in (
        lambda: read_top(store, board=GLOBAL_BOARD),
        lambda: find_neighborhood(store, board=GLOBAL_BOARD, user_id=user, neighbors=1),
        lambda: find_ranks(store, board=GLOBAL_BOARD, user_ids=[user]),
        lambda: find_standings(store, board=GLOBAL_BOARD, user_ids=[user]),
        lambda: get_player_score(store, board=GLOBAL_BOARD, user_id=user),
    ):
        with pytest.raises(DatabaseUnavailableError):
            read()
