"""Two boards on one Redis: nothing that happens to one of them changes the other."""

from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.boards.model import GLOBAL_BOARD, TOP_SIZE, BoardId
from domain.boards.reader import find_ranks, find_standings, read_state, read_top
from domain.boards.rebuild import compare_board, rebuild_board
from domain.events.wire import AppliedAction, RankMove, parse_bus_message
from domain.store.postgres.boards.player_scores import PlayerRow
from domain.store.postgres.boards.standings import BoardRow
from domain.store.redis import boards, keys
from domain.store.redis.bus import publish_batch
from domain.store.redis.contents.boards import iterate_members, read_rows
from domain.store.redis.user_cache import fill_cache, find_cached
from domain.store.store import Store
from tests.integration.boards.reading import list_board, make_crowd

WEEKLY = BoardId("weekly-2026-47")
NOW = datetime(2026, 11, 23, tzinfo=UTC)
ADA, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))


def make_row(user_id: UUID, score: int, *, version: int = 1) -> BoardRow:
    return BoardRow(user_id, f"user-{user_id.int}", score, user_id.int, version, NOW)


def fill(store: Store, board: BoardId, *rows: BoardRow) -> None:
    """Make a board of these rows that is complete and trusted."""
    token = boards.begin_rebuild(store.redis, board=board)
    assert boards.continue_rebuild(store.redis, board=board, token=token)
    boards.write_rows(store.redis, rows, board=board)
    assert boards.finish_rebuild(store.redis, board=board, token=token)


def snapshot(store: Store, board: BoardId) -> Any:
    """Return all that Redis has of one board, keys of the bus and the user cache included."""

    def read(client: Any) -> dict[str, Any]:
        marks = (f":{board}:", f":{board}")
        found = [key for key in client.keys("*") if key.endswith(marks[1]) or marks[0] in key]
        return {key: client.dump(key) for key in sorted(found)}

    return store.redis.run(read)


def publish(store: Store, board: BoardId, batch_id: UUID, user_id: UUID) -> bool:
    actions = [AppliedAction(uuid4(), user_id, 0, 5, 5)]
    return publish_batch(
        store.redis, board=board, batch_id=batch_id, actions=actions, now=NOW, state=None
    )


def test_what_is_written_and_ranked_on_one_board_is_not_on_the_other(store: Store) -> None:
    fill(store, GLOBAL_BOARD, make_row(ADA, 10), make_row(BOB, 20))
    before = snapshot(store, GLOBAL_BOARD)
    fill(store, WEEKLY, make_row(ADA, 7), make_row(EVE, 3))
    batch_id = uuid4()
    ranks = boards.write_rows(
        store.redis,
        [make_row(EVE, 9, version=2)],
        board=WEEKLY,
        batch_id=batch_id,
        with_ranks=True,
    )
    assert ranks == {str(EVE): 1}
    assert snapshot(store, GLOBAL_BOARD) == before
    assert list_board(store, GLOBAL_BOARD) == [BOB, ADA]
    assert list_board(store, WEEKLY) == [EVE, ADA]
    everybody = [ADA, BOB, EVE]
    assert find_ranks(store, board=GLOBAL_BOARD, user_ids=everybody) == {BOB: 1, ADA: 2}
    assert find_ranks(store, board=WEEKLY, user_ids=everybody) == {EVE: 1, ADA: 2}
    top = read_top(store, board=WEEKLY)
    assert (top.board, top.total_users) == (WEEKLY, 2)
    assert [(row.user_id, row.score) for row in top.standings] == [(EVE, 9), (ADA, 7)]
    assert read_top(store, board=GLOBAL_BOARD).board == GLOBAL_BOARD
    rows = read_rows(store.redis, board=WEEKLY, user_ids=everybody)
    assert {user: row.version for user, row in rows.items()} == {ADA: 1, EVE: 2}
    assert sum(len(chunk) for chunk in iterate_members(store.redis, board=WEEKLY)) == 2
    kept = store.redis.run(lambda client: client.get(keys.previous_ranks(WEEKLY, batch_id)))
    assert kept == f'{{"{EVE}":2}}'
    assert not store.redis.run(
        lambda client: client.exists(keys.previous_ranks(GLOBAL_BOARD, batch_id))
    )


def test_trust_is_lost_by_one_board_alone(store: Store) -> None:
    fill(store, GLOBAL_BOARD, make_row(ADA, 10))
    fill(store, WEEKLY, make_row(ADA, 10))
    boards.distrust(store.redis, board=WEEKLY)
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    assert not boards.is_board_trusted(store.redis, board=WEEKLY)
    assert boards.find_ranks(store.redis, board=WEEKLY, user_ids=[ADA]) is None
    assert boards.find_top(store.redis, board=WEEKLY, size=TOP_SIZE, now=NOW) is None
    assert find_ranks(store, board=GLOBAL_BOARD, user_ids=[ADA]) == {ADA: 1}


def test_the_rebuild_of_one_board_neither_empties_nor_declares_the_other(store: Store) -> None:
    make_crowd(store, 20)
    token = boards.begin_rebuild(store.redis, board=WEEKLY)
    boards.write_rows(store.redis, [make_row(EVE, 9)], board=WEEKLY)
    weekly = snapshot(store, WEEKLY)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    assert compare_board(store, board=GLOBAL_BOARD).is_sound
    assert snapshot(store, WEEKLY) == weekly
    assert not boards.is_board_trusted(store.redis, board=WEEKLY)
    assert not boards.finish_rebuild(store.redis, board=GLOBAL_BOARD, token=token)
    before = snapshot(store, GLOBAL_BOARD)
    assert boards.continue_rebuild(store.redis, board=WEEKLY, token=token)
    assert boards.finish_rebuild(store.redis, board=WEEKLY, token=token)
    assert snapshot(store, GLOBAL_BOARD) == before
    assert len(list_board(store, GLOBAL_BOARD)) == 20
    assert list_board(store, WEEKLY) == [EVE]


def test_each_board_has_a_bus_of_its_own(store: Store) -> None:
    fill(store, GLOBAL_BOARD, make_row(ADA, 10))
    fill(store, WEEKLY, make_row(ADA, 5), make_row(EVE, 3))
    subscription = store.redis.subscribe(keys.bus_channel(GLOBAL_BOARD), keys.bus_channel(WEEKLY))
    for _ in range(2):
        assert subscription.get_message(timeout=1)["type"] == "subscribe"
    one, two = uuid4(), uuid4()
    assert publish(store, GLOBAL_BOARD, one, ADA)
    assert publish(store, GLOBAL_BOARD, two, ADA)
    assert publish(store, WEEKLY, one, EVE), "the same batch, once for each board"
    assert publish(store, WEEKLY, one, EVE), "a repeat is answered as done"
    received = []
    while message := subscription.get_message(timeout=0.1):
        received.append((message["channel"], parse_bus_message(message["data"])))
    subscription.close()
    assert [(channel, message.board, message.seq) for channel, message in received] == [
        (keys.bus_channel(GLOBAL_BOARD), GLOBAL_BOARD, 1),
        (keys.bus_channel(GLOBAL_BOARD), GLOBAL_BOARD, 2),
        (keys.bus_channel(WEEKLY), WEEKLY, 1),
    ]
    (*_, weekly) = received
    assert weekly[1].ranks == {EVE: RankMove(None, 2)}
    assert weekly[1].top.board == WEEKLY
    assert weekly[1].scores == {EVE: 3}
    assert len({message.epoch for _, message in received}) == 2
    assert read_top(store, board=GLOBAL_BOARD).seq == 2
    assert read_top(store, board=WEEKLY).seq == 1
    streams = [
        store.redis.run(lambda client, board=board: client.xlen(keys.bus_stream(board)))
        for board in (GLOBAL_BOARD, WEEKLY)
    ]
    assert streams == [2, 1]


def test_a_write_to_one_board_leaves_the_other_s_cached_players(store: Store) -> None:
    for board in (GLOBAL_BOARD, WEEKLY):
        fill(store, board, make_row(ADA, 10))
        fill_cache(store.redis, board=board, row=PlayerRow(ADA, "ada", 10, 1, 1, None, None))
    boards.write_rows(store.redis, [make_row(ADA, 11, version=2)], board=WEEKLY)
    assert find_cached(store.redis, board=WEEKLY, user_id=ADA) is None
    assert find_cached(store.redis, board=GLOBAL_BOARD, user_id=ADA) is not None


def test_sql_never_answers_for_a_board_whose_rows_it_does_not_have(store: Store) -> None:
    make_crowd(store, 3)
    for ask in (
        lambda: read_top(store, board=WEEKLY),
        lambda: find_ranks(store, board=WEEKLY, user_ids=[ADA]),
        lambda: find_standings(store, board=WEEKLY, user_ids=[ADA]),
        lambda: read_state(store, board=WEEKLY, user_ids=[ADA], now=NOW),
        lambda: rebuild_board(store, board=WEEKLY),
        lambda: compare_board(store, board=WEEKLY),
    ):
        with pytest.raises(LookupError, match="weekly-2026-47"):
            ask()


@pytest.mark.parametrize(
    "slug", ["", "Global", "a:b", "a b", "-a", "a-", "a_b", "é", "a" * 33, "a\n", '"', "{a}"]
)
def test_a_text_that_could_break_a_key_or_a_message_is_no_board_id(slug: str) -> None:
    with pytest.raises(ValueError, match="slug"):
        BoardId(slug)


def test_equal_slugs_are_one_board() -> None:
    assert {BoardId("a"), BoardId("a"), BoardId("b" * 32)} == {BoardId("a"), BoardId("b" * 32)}
