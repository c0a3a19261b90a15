"""The board rebuilt and compared: complete or not trusted, and always in the order of SQL."""

from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import find_neighborhood, find_ranks, read_top
from domain.boards.rebuild import compare_board, rebuild_board
from domain.errors import RedisUnavailableError
from domain.store import patience
from domain.store.postgres.boards.standings import list_standings
from domain.store.redis import boards, keys
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.integration.boards.reading import list_board, make_crowd, restart
from tests.pipeline import complete_actions
from workers.context import WorkerContext


def test_a_large_board_has_the_order_of_sql_with_many_ties(store: Store) -> None:
    make_crowd(store, 2500)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    with store.write() as connection:
        standings = list_standings(connection, first_rank=1, limit=5000)
    ids = [standing.user_id for standing in standings]
    assert list_board(store, GLOBAL_BOARD) == ids
    top = read_top(store, board=GLOBAL_BOARD)
    assert (top.total_users, list(top.standings)) == (2500, standings[:100])
    assert find_ranks(store, board=GLOBAL_BOARD, user_ids=ids[::97]) == {
        user: index + 1 for index, user in enumerate(ids) if index % 97 == 0
    }
    for index in (0, 1, 50, 1250, 2498, 2499):
        near = find_neighborhood(store, board=GLOBAL_BOARD, user_id=ids[index], neighbors=3)
        assert near.around == tuple(standings[max(0, index - 3) : index + 4])
        assert near.own == standings[index]


@pytest.mark.parametrize(
    ("failures", "outlives"), [(patience.TRIES - 1, True), (patience.TRIES, False)]
)
def test_a_rebuild_outlives_a_redis_that_does_not_answer_for_a_while(
    store: Store, monkeypatch: pytest.MonkeyPatch, failures: int, outlives: bool
) -> None:
    make_crowd(store, 30)
    monkeypatch.setattr(patience, "PAUSE_SECONDS", 0)
    write_rows, left = boards.write_rows, iter(range(failures))

    def fail_at_first(*arguments: Any, **options: Any) -> Any:
        if next(left, None) is not None:
            raise RedisUnavailableError
        return write_rows(*arguments, **options)

    monkeypatch.setattr(boards, "write_rows", fail_at_first)
    if outlives:
        assert rebuild_board(store, board=GLOBAL_BOARD)
        assert len(list_board(store, GLOBAL_BOARD)) == 30
    else:
        with pytest.raises(RedisUnavailableError):
            rebuild_board(store, board=GLOBAL_BOARD)


def test_sql_answers_the_same_while_the_board_is_not_trusted(store: Store) -> None:
    make_crowd(store, 300)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    some = [standing.user_id for standing in read_top(store, board=GLOBAL_BOARD).standings[::9]]

    def ask() -> tuple[Any, ...]:
        top = read_top(store, board=GLOBAL_BOARD)
        near = find_neighborhood(store, board=GLOBAL_BOARD, user_id=some[3], neighbors=2)
        ranks = find_ranks(store, board=GLOBAL_BOARD, user_ids=[*some, uuid4()])
        return top.standings, top.total_users, ranks, near.around, near.own

    by_redis = ask()
    store.redis.run(lambda client: client.flushdb())
    assert ask() == by_redis


def test_a_restarted_server_is_not_trusted_until_a_rebuild(store: Store) -> None:
    make_crowd(store, 50)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    before = list_board(store, GLOBAL_BOARD)
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    restart(store, GLOBAL_BOARD)
    assert not boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    assert list_board(store, GLOBAL_BOARD) == before


@pytest.mark.parametrize("lost_before", ["continue", "write", "finish"])
def test_a_flush_in_the_middle_of_a_rebuild_leaves_it_untrusted(
    store: Store, monkeypatch: pytest.MonkeyPatch, lost_before: str
) -> None:
    make_crowd(store, 30)
    monkeypatch.setattr("domain.boards.rebuild.CHUNK_USERS", 10)
    name = {
        "continue": "continue_rebuild",
        "write": "write_rows",
        "finish": "finish_rebuild",
    }[lost_before]
    original = getattr(boards, name)
    calls: list[int] = []

    def flush_first(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == (1 if lost_before == "finish" else 2):
            store.redis.run(lambda client: client.flushdb())
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(boards, name, flush_first)
        assert not rebuild_board(store, board=GLOBAL_BOARD)
    assert not boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    assert read_top(store, board=GLOBAL_BOARD).total_users == 30, "SQL answers"
    assert rebuild_board(store, board=GLOBAL_BOARD)
    assert len(list_board(store, GLOBAL_BOARD)) == 30


def test_two_rebuilds_at_once_do_not_declare_half_a_board_complete(store: Store) -> None:
    make_crowd(store, 30)
    token = boards.begin_rebuild(store.redis, board=GLOBAL_BOARD)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    assert not boards.continue_rebuild(store.redis, board=GLOBAL_BOARD, token=token)
    assert not boards.finish_rebuild(store.redis, board=GLOBAL_BOARD, token=token)
    assert len(list_board(store, GLOBAL_BOARD)) == 30


def test_writes_during_a_rebuild_are_not_lost(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    make_crowd(store, 40)
    monkeypatch.setattr("domain.boards.rebuild.CHUNK_USERS", 5)
    original = boards.write_rows

    def write_late(redis: Any, rows: Any, **kwargs: Any) -> Any:
        if "batch_id" not in kwargs:
            users = [rows[0].user_id, uuid4()]
            complete_actions(worker_context, [make_action(user_id=user) for user in users])
        return original(redis, rows, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(boards, "write_rows", write_late)
        assert rebuild_board(store, board=GLOBAL_BOARD)
    with store.write() as connection:
        standings = list_standings(connection, first_rank=1, limit=500)
    assert len(standings) > 40
    assert list_board(store, GLOBAL_BOARD) == [standing.user_id for standing in standings]
    assert read_top(store, board=GLOBAL_BOARD).standings == tuple(standings[:100])


def test_a_comparison_writes_older_and_missing_rows_again(store: Store) -> None:
    make_crowd(store, 25)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    assert compare_board(store, board=GLOBAL_BOARD).repaired == 0
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE user_scores SET score = score + 100, version = version + 1"
                " WHERE reached_seq <= 3"
            )
        )
    make_player(store, score=70, reached_seq=99, version=1)
    comparison = compare_board(store, board=GLOBAL_BOARD)
    assert (comparison.users, comparison.repaired) == (26, 4)
    with store.write() as connection:
        standings = list_standings(connection, first_rank=1, limit=100)
    assert read_top(store, board=GLOBAL_BOARD).standings == tuple(standings)
    assert compare_board(store, board=GLOBAL_BOARD).repaired == 0


@pytest.mark.parametrize("damage", ["member", "score", "stranger"])
def test_a_comparison_finds_damage_that_leaves_the_versions_right(
    store: Store, damage: str
) -> None:
    make_crowd(store, 25)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    top = store.redis.run(lambda client: client.zrevrange(keys.board(GLOBAL_BOARD), 0, 0))[0]
    if damage == "member":
        store.redis.run(lambda client: client.zrem(keys.board(GLOBAL_BOARD), top))
    elif damage == "score":
        store.redis.run(lambda client: client.zadd(keys.board(GLOBAL_BOARD), {top: 1}))
    else:
        stranger = boards.board_member(1, uuid4())
        store.redis.run(lambda client: client.zadd(keys.board(GLOBAL_BOARD), {stranger: 9000}))
    compare_board(store, board=GLOBAL_BOARD)
    assert not boards.is_board_trusted(store.redis, board=GLOBAL_BOARD), "the keeper rebuilds it"
    assert rebuild_board(store, board=GLOBAL_BOARD)
    with store.write() as connection:
        standings = list_standings(connection, first_rank=1, limit=100)
    assert read_top(store, board=GLOBAL_BOARD).standings == tuple(standings)


def test_sql_answers_for_a_board_that_another_program_wrote_to(store: Store) -> None:
    make_crowd(store, 25)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    sound = read_top(store, board=GLOBAL_BOARD)
    own = sound.standings[3].user_id
    store.redis.run(lambda client: client.zadd(keys.board(GLOBAL_BOARD), {"nonsense": 9_000_000}))
    assert read_top(store, board=GLOBAL_BOARD).standings == sound.standings
    near = find_neighborhood(store, board=GLOBAL_BOARD, user_id=own, neighbors=1)
    assert near.around == sound.standings[2:5]
    compare_board(store, board=GLOBAL_BOARD)
    assert not boards.is_board_trusted(store.redis, board=GLOBAL_BOARD), "the keeper rebuilds it"
