"""Reads for many players at once: what the reads for one give, from whichever store."""

from uuid import UUID, uuid4

import pytest

from domain.boards.followed import OFF_BOARD, find_held_in_redis, find_moved, find_rows_around
from domain.boards.model import GLOBAL_BOARD, AroundAsked, Held
from domain.boards.reader import find_neighborhood, read_top
from domain.boards.rebuild import rebuild_board
from domain.store.redis import boards
from domain.store.redis.bulk_reads import MAX_HELD
from domain.store.store import Store
from tests.integration.boards.reading import make_crowd

CROWD = 60
NOBODY = UUID(int=1)


@pytest.fixture(params=["set", "sql"])
def crowd(request: pytest.FixtureRequest, store: Store) -> Store:
    """Many players with few scores; reads are of the set, or of SQL without trust."""
    make_crowd(store, CROWD)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    if request.param == "sql":
        boards.distrust(store.redis, board=GLOBAL_BOARD)
    return store


def test_who_holds_another_rank_than_it_knows_is_found(crowd: Store) -> None:
    rows = read_top(crowd, board=GLOBAL_BOARD).standings
    true = {row.user_id: Held(row.rank, row.score) for row in rows} | {NOBODY: OFF_BOARD}

    def find(known: dict[UUID, Held | None]) -> dict[UUID, Held]:
        return find_moved(crowd, board=GLOBAL_BOARD, known=known).held

    assert find(dict.fromkeys(true)) == true
    assert find({**true}) == {}
    # The score does not matter: an action of one's own tells that.
    assert find({user: Held(held.rank, 0) for user, held in true.items()}) == {}
    wrong = [rows[0].user_id, rows[30].user_id, NOBODY]
    assert find({**true, **dict.fromkeys(wrong, Held(99, 0))}) == {
        user: true[user] for user in wrong
    }
    assert find({rows[1].user_id: OFF_BOARD}) == {rows[1].user_id: true[rows[1].user_id]}
    assert find({}) == {}


def test_what_newcomers_hold_is_asked_of_redis_alone(store: Store) -> None:
    make_crowd(store, 3)
    user = read_top(store, board=GLOBAL_BOARD).standings[1].user_id
    assert find_held_in_redis(store, board=GLOBAL_BOARD, user_ids=[user]) == {}
    assert rebuild_board(store, board=GLOBAL_BOARD)
    strangers = [UUID(int=number) for number in range(1, 2 * MAX_HELD)]
    held = find_held_in_redis(store, board=GLOBAL_BOARD, user_ids=[*strangers, user, NOBODY])
    assert held.pop(user).rank == 2
    assert held == dict.fromkeys([*strangers, NOBODY], OFF_BOARD)


def test_the_rows_around_many_are_those_around_each(crowd: Store) -> None:
    rows = read_top(crowd, board=GLOBAL_BOARD).standings
    asked = [
        AroundAsked(row.user_id, neighbors)
        for row, neighbors in zip(rows[::9], (1, 2, 5, 10, 3, 3, 10), strict=True)
    ]
    found = find_rows_around(crowd, board=GLOBAL_BOARD, asked=[AroundAsked(NOBODY, 2), *asked])
    assert found[0] is not None
    assert (found[0].rows, found[0].total_users) == ((), CROWD)
    for each, marked in zip(asked, found[1:], strict=True):
        alone = find_neighborhood(
            crowd, board=GLOBAL_BOARD, user_id=each.user_id, neighbors=each.neighbors
        )
        assert marked is not None
        assert (marked.rows, marked.total_users) == (alone.around, CROWD)


def test_rows_that_are_known_by_their_mark_are_left_out(store: Store) -> None:
    make_crowd(store, CROWD)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    rows = read_top(store, board=GLOBAL_BOARD).standings
    asked = [AroundAsked(rows[10].user_id, 2), AroundAsked(rows[40].user_id, 2)]
    asked += [AroundAsked(uuid4(), 2)]
    found = find_rows_around(store, board=GLOBAL_BOARD, asked=asked)
    known = [
        AroundAsked(each.user_id, each.neighbors, marked.mark)
        for each, marked in zip(asked, found, strict=True)
        if marked
    ]
    assert find_rows_around(store, board=GLOBAL_BOARD, asked=known) == [None, None, None]
    (other, _) = find_rows_around(
        store, board=GLOBAL_BOARD, asked=[AroundAsked(known[0].user_id, 3, known[0].mark), known[1]]
    )
    assert other is not None
    assert len(other.rows) == 7
