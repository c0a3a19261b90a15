"""Pages of the board: every player once, from whichever store, whoever moves meanwhile."""

from collections.abc import Iterator

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD, MAX_REACHED_SEQ, Page, Place, Standing
from domain.boards.reader import read_page, read_top
from domain.boards.rebuild import rebuild_board
from domain.store.postgres.boards.standings import list_board_rows, list_standings
from domain.store.redis import boards, keys
from domain.store.store import Store
from tests.integration.boards.reading import make_crowd

CROWD = 150
LIMIT = 7


@pytest.fixture(params=["set", "sql"])
def crowd(request: pytest.FixtureRequest, store: Store) -> Store:
    """Many players with few scores; the pages come from the set, or from SQL without trust."""
    make_crowd(store, CROWD)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    if request.param == "sql":
        boards.distrust(store.redis, board=GLOBAL_BOARD)
    return store


def place_of(standing: Standing) -> Place:
    assert standing.reached_seq is not None
    return Place(standing.score, standing.reached_seq, standing.user_id)


def walk(store: Store) -> Iterator[Page]:
    """Yield the pages behind the first LIMIT rows of the top."""
    after = read_top(store, board=GLOBAL_BOARD).standings[LIMIT - 1]
    while True:
        page = read_page(store, board=GLOBAL_BOARD, after=place_of(after), limit=LIMIT)
        if not page.standings:
            return
        yield page
        after = page.standings[-1]


def move(store: Store, standing: Standing, score: int, reached_seq: int) -> None:
    """Give the player another score, on the board too."""
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE user_scores SET score = :score, reached_seq = :seq, version = version + 1"
                " WHERE user_id = :user_id"
            ),
            {"score": score, "seq": reached_seq, "user_id": standing.user_id},
        )
        rows = list_board_rows(connection, user_ids=[standing.user_id])
    boards.write_rows(store.redis, rows, board=GLOBAL_BOARD)


def test_the_pages_are_the_whole_board_in_order(crowd: Store) -> None:
    with crowd.read() as connection:
        ranking = list_standings(connection, first_rank=1, limit=CROWD)
    pages = list(walk(crowd))
    assert [row for page in pages for row in page.standings] == ranking[LIMIT:]
    assert {page.total_users for page in pages} == {CROWD}
    tops = read_top(crowd, board=GLOBAL_BOARD).standings
    assert [row.reached_seq for row in tops] == [row.reached_seq for row in ranking[:100]]


@pytest.mark.parametrize(("score", "reached_seq"), [(1000, 10_000), (0, 10_001), (20, 10_002)])
def test_who_moves_between_two_pages_takes_nobody_along(
    crowd: Store, score: int, reached_seq: int
) -> None:
    with crowd.read() as connection:
        ranking = list_standings(connection, first_rank=1, limit=CROWD)
    last = ranking[LIMIT - 1]
    move(crowd, last, score, reached_seq)
    page = read_page(crowd, board=GLOBAL_BOARD, after=place_of(last), limit=LIMIT)
    expected = [row.user_id for row in ranking[LIMIT : 2 * LIMIT]]
    assert [row.user_id for row in page.standings] == expected
    ahead = LIMIT if score == 1000 else LIMIT - 1
    assert [row.rank for row in page.standings] == list(range(ahead + 1, ahead + LIMIT + 1))
    assert page.total_users == CROWD
    assert crowd.redis.run(lambda client: client.zcard(keys.board(GLOBAL_BOARD))) == CROWD


@pytest.mark.parametrize("reached_seq", [0, 1, MAX_REACHED_SEQ])
def test_a_place_that_nobody_ever_had_is_a_place(crowd: Store, reached_seq: int) -> None:
    with crowd.read() as connection:
        ranking = list_standings(connection, first_rank=1, limit=CROWD)
    someone = ranking[50]
    place = Place(someone.score, reached_seq, someone.user_id)
    page = read_page(crowd, board=GLOBAL_BOARD, after=place, limit=3)
    key = (-place.score, place.reached_seq, place.user_id)
    behind = [row for row in ranking if (-row.score, row.reached_seq, row.user_id) > key]
    assert list(page.standings) == behind[:3]
    beyond = Place(0, MAX_REACHED_SEQ, someone.user_id)
    assert read_page(crowd, board=GLOBAL_BOARD, after=beyond, limit=3) == Page((), CROWD)


def test_the_set_answers_while_it_is_trusted(store: Store) -> None:
    make_crowd(store, CROWD)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    last = read_top(store, board=GLOBAL_BOARD).standings[LIMIT - 1]

    def ask() -> Page | None:
        return boards.find_page(
            store.redis, board=GLOBAL_BOARD, after=place_of(last), limit=LIMIT, now=last.last_update
        )

    page = ask()
    assert page is not None
    assert [row.rank for row in page.standings] == list(range(LIMIT + 1, 2 * LIMIT + 1))
    assert page.total_users == CROWD
    boards.distrust(store.redis, board=GLOBAL_BOARD)
    assert ask() is None
