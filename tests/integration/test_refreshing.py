"""The board in Redis: never back, never stale, and in SQL's order whatever happens to it."""

import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import insert, text

from domain.actions.intake import accept_actions
from domain.actions.model import Stage
from domain.leaderboards import players as players_module
from domain.leaderboards.players import get_player_score
from domain.leaderboards.rebuild import compare_board, rebuild_board
from domain.leaderboards.refresh import refresh_batch
from domain.leaderboards.standings import find_neighborhood, read_top
from domain.store import board, keys, tables
from domain.store.connections import Store
from domain.store.player_scores import PlayerRow
from domain.store.ranks import find_ranks
from domain.store.standings import BoardRow, list_standings
from tests.factories import make_action, make_player
from tests.pipeline import complete_actions
from tests.waiting import run_in_threads
from workers.context import WorkerContext
from workers.links import run_link

NOW = datetime(2026, 11, 23, tzinfo=UTC)
ADA = UUID(int=1)
BOB = UUID(int=2)


def make_row(user_id: UUID = ADA, **overrides: Any) -> BoardRow:
    values: dict[str, Any] = {
        "username": "ada",
        "score": 10,
        "reached_seq": 1,
        "version": 1,
        "last_updated": NOW,
    }
    return BoardRow(user_id=user_id, **{**values, **overrides})


def make_crowd(store: Store, count: int) -> None:
    """Store players with few different scores, so that most of them tie."""
    dice = random.Random(7)
    reached = list(range(1, count + 1))
    dice.shuffle(reached)
    ids = [UUID(int=dice.getrandbits(128)) for _ in range(count)]
    with store.begin() as connection:
        connection.execute(
            insert(tables.users),
            [{"user_id": u, "username": f"p{u.hex}"[:32], "username_key": u.hex} for u in ids],
        )
        connection.execute(
            insert(tables.user_scores),
            [
                {"user_id": u, "score": dice.randrange(0, 40), "reached_seq": seq, "version": 1}
                for u, seq in zip(ids, reached, strict=True)
            ],
        )


def list_board(store: Store) -> list[UUID]:
    members: list[str] = store.redis.run(lambda client: client.zrevrange(keys.board(), 0, -1))
    return [UUID(member[20:]) for member in members]


def test_an_older_version_is_refused_and_a_newer_one_moves_the_member(store: Store) -> None:
    assert rebuild_board(store)
    board.write_rows(store.redis, [make_row(score=50, reached_seq=5, version=3)])
    board.write_rows(store.redis, [make_row(score=40, reached_seq=4, version=2)])
    board.write_rows(store.redis, [make_row(score=999, reached_seq=9, version=3)])
    (standing,) = read_top(store).standings
    assert standing.score == 50
    trusted, ranks = board.write_rows(store.redis, [make_row(score=60, version=4)])
    assert (trusted, ranks) == (True, {ADA: 1})
    (standing,) = read_top(store).standings
    assert standing.score == 60
    assert store.redis.run(lambda client: client.zcard(keys.board())) == 1


def test_shuffled_and_repeated_delivery_never_takes_the_board_back(store: Store) -> None:
    assert rebuild_board(store)
    dice = random.Random(11)
    states = [
        make_row(user, score=10 * version, reached_seq=2 * version + user.int, version=version)
        for user in (ADA, BOB)
        for version in range(1, 30)
    ]
    deliveries = [state for state in states for _ in range(dice.randrange(1, 5))]
    dice.shuffle(deliveries)
    highest = {ADA: 0, BOB: 0}
    for state in deliveries:
        board.write_rows(store.redis, [state])
        highest[state.user_id] = max(highest[state.user_id], state.score)
        seen = {standing.user_id: standing.score for standing in read_top(store).standings}
        assert seen == {user: score for user, score in highest.items() if score}
    assert list_board(store) == [ADA, BOB]


def test_a_large_board_has_the_order_of_sql_with_many_ties(store: Store) -> None:
    make_crowd(store, 2500)
    assert rebuild_board(store)
    with store.begin() as connection:
        standings = list_standings(connection, first_rank=1, limit=5000)
    ids = [standing.user_id for standing in standings]
    assert list_board(store) == ids
    top = read_top(store)
    assert (top.total_users, list(top.standings)) == (2500, standings[:100])
    assert find_ranks(store, user_ids=ids[::97]) == {
        user: place + 1 for place, user in enumerate(ids) if place % 97 == 0
    }
    for place in (0, 1, 50, 1250, 2498, 2499):
        near = find_neighborhood(store, user_id=ids[place], neighbors=3)
        assert near.around == tuple(standings[max(0, place - 3) : place + 4])
        assert near.own == standings[place]


def test_sql_answers_the_same_while_the_board_is_not_trusted(store: Store) -> None:
    make_crowd(store, 300)
    assert rebuild_board(store)
    some = [standing.user_id for standing in read_top(store).standings[::9]]

    def ask() -> tuple[Any, ...]:
        top = read_top(store)
        near = find_neighborhood(store, user_id=some[3], neighbors=2)
        ranks = find_ranks(store, user_ids=[*some, uuid4()])
        return top.standings, top.total_users, ranks, near.around, near.own

    by_redis = ask()
    store.redis.run(lambda client: client.flushdb())
    assert ask() == by_redis


def test_previous_ranks_are_kept_once_for_each_batch(store: Store) -> None:
    assert rebuild_board(store)
    first, second = uuid4(), uuid4()
    board.write_rows(store.redis, [make_row(BOB, score=20, version=1)], batch_id=first)
    board.write_rows(store.redis, [make_row(ADA, score=30, version=1)], batch_id=second)
    again = [make_row(BOB, score=50, version=2)]
    board.write_rows(store.redis, again, batch_id=second)
    board.write_rows(store.redis, [make_row(BOB, score=50, version=3)], batch_id=second)

    def kept(batch_id: UUID) -> dict[str, str]:
        ranks: dict[str, str] = store.redis.run(
            lambda client: client.hgetall(keys.previous_ranks(batch_id))
        )
        return ranks

    assert kept(first) == {str(BOB): "0"}
    assert kept(second) == {str(ADA): "0", str(BOB): "2"}
    assert 0 < store.redis.run(lambda client: client.ttl(keys.previous_ranks(second))) <= 600


def test_a_refresh_that_runs_twice_or_late_answers_the_same_and_changes_nothing(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store)
    player = uuid4()
    (batch,) = accept_actions(
        store, actions=[make_action(user_id=player, score=30)], origin=None
    ).batches
    for stage in (Stage.ACCEPTED, Stage.SCREENED):
        run_link(worker_context, stage=stage, batch_id=batch.batch_id)
    first = refresh_batch(store, batch_id=batch.batch_id)
    assert [result.leaderboard_position for result in first.results] == [1]
    complete_actions(worker_context, [make_action(user_id=player, score=12)])
    late = refresh_batch(store, batch_id=batch.batch_id)
    assert late.results == first.results
    assert [standing.score for standing in read_top(store).standings] == [42]


def test_the_cached_player_is_never_older_than_the_last_write(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store)
    player = uuid4()
    for total in range(1, 6):
        complete_actions(worker_context, [make_action(user_id=player, score=10)])
        for from_cache in (False, True):
            seen = get_player_score(store, user_id=player)
            assert (seen.score, seen.total_actions, seen.rank) == (10 * total, total, 1)
            assert seen.from_cache is from_cache
    assert 3500 < store.redis.run(lambda client: client.ttl(keys.user_cache(player))) <= 3600


@pytest.mark.parametrize("is_new", [True, False])
def test_a_slow_reader_does_not_put_an_old_state_into_the_cache(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    store = worker_context.store
    assert rebuild_board(store)
    player = make_player(store).user_id
    if not is_new:
        complete_actions(worker_context, [make_action(user_id=player, score=5)])
    find_player = players_module.find_player

    def find_slowly(connection: Any, *, user_id: UUID) -> PlayerRow | None:
        row = find_player(connection, user_id=user_id)
        complete_actions(worker_context, [make_action(user_id=player, score=10)])
        return row

    with monkeypatch.context() as patch:
        patch.setattr(players_module, "find_player", find_slowly)
        assert get_player_score(store, user_id=player).score == (0 if is_new else 5)
    after = get_player_score(store, user_id=player)
    assert (after.score, after.from_cache) == (10 if is_new else 15, False)


def test_a_cache_from_before_a_restart_is_not_believed_after_the_rebuild(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store)
    player = uuid4()
    complete_actions(worker_context, [make_action(user_id=player, score=10)])
    get_player_score(store, user_id=player)
    with store.begin() as connection:
        connection.execute(text("UPDATE user_scores SET score = 99, version = version + 1"))
    restart(store)
    assert not get_player_score(store, user_id=player).from_cache
    assert rebuild_board(store)
    seen = get_player_score(store, user_id=player)
    assert (seen.score, seen.from_cache) == (99, False)


def test_a_restarted_server_is_not_trusted_and_a_rebuild_mends_it(store: Store) -> None:
    make_crowd(store, 50)
    assert rebuild_board(store)
    before = list_board(store)
    assert board.is_board_trusted(store.redis)
    restart(store)
    assert not board.is_board_trusted(store.redis)
    assert rebuild_board(store)
    assert board.is_board_trusted(store.redis)
    assert list_board(store) == before


@pytest.mark.parametrize("lost_before", ["continue", "write", "finish"])
def test_a_flush_in_the_middle_of_a_rebuild_leaves_it_untrusted(
    store: Store, monkeypatch: pytest.MonkeyPatch, lost_before: str
) -> None:
    make_crowd(store, 30)
    monkeypatch.setattr("domain.leaderboards.rebuild.CHUNK_USERS", 10)
    name = {
        "continue": "continue_rebuild",
        "write": "write_rows",
        "finish": "finish_rebuild",
    }[lost_before]
    original = getattr(board, name)
    calls: list[int] = []

    def flush_first(*args: Any, **kwargs: Any) -> Any:
        calls.append(1)
        if len(calls) == (1 if lost_before == "finish" else 2):
            store.redis.run(lambda client: client.flushdb())
        return original(*args, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(board, name, flush_first)
        assert not rebuild_board(store)
    assert not board.is_board_trusted(store.redis)
    assert read_top(store).total_users == 30, "SQL answers"
    assert rebuild_board(store)
    assert len(list_board(store)) == 30


def test_two_rebuilds_at_once_do_not_declare_half_a_board_complete(store: Store) -> None:
    make_crowd(store, 30)
    token = board.begin_rebuild(store.redis)
    assert rebuild_board(store)
    assert not board.continue_rebuild(store.redis, token=token)
    assert not board.finish_rebuild(store.redis, token=token)
    assert len(list_board(store)) == 30


def test_writers_beside_a_rebuild_are_not_lost(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = worker_context.store
    make_crowd(store, 40)
    monkeypatch.setattr("domain.leaderboards.rebuild.CHUNK_USERS", 5)
    original = board.write_rows

    def write_late(redis: Any, rows: Any, **kwargs: Any) -> Any:
        if not kwargs:
            users = [rows[0].user_id, uuid4()]
            complete_actions(worker_context, [make_action(user_id=user) for user in users])
        return original(redis, rows, **kwargs)

    with monkeypatch.context() as patch:
        patch.setattr(board, "write_rows", write_late)
        assert rebuild_board(store)
    with store.begin() as connection:
        standings = list_standings(connection, first_rank=1, limit=500)
    assert len(standings) > 40
    assert list_board(store) == [standing.user_id for standing in standings]
    assert read_top(store).standings == tuple(standings[:100])


def test_batches_refreshed_by_many_at_once_end_in_the_order_of_sql(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store)
    players = [make_player(store).user_id for _ in range(8)]
    dice = random.Random(3)

    def play() -> None:
        for _ in range(4):
            some = dice.sample(players, 4)
            complete_actions(worker_context, [make_action(user_id=u, score=1) for u in some])

    run_in_threads(play, count=6)
    with store.begin() as connection:
        standings = list_standings(connection, first_rank=1, limit=100)
    assert read_top(store).standings == tuple(standings)


def test_a_comparison_mends_what_is_behind_and_missing(store: Store) -> None:
    make_crowd(store, 25)
    assert rebuild_board(store)
    assert compare_board(store).repaired == 0
    with store.begin() as connection:
        connection.execute(
            text(
                "UPDATE user_scores SET score = score + 100, version = version + 1"
                " WHERE reached_seq <= 3"
            )
        )
    make_player(store, score=70, reached_seq=99, version=1)
    comparison = compare_board(store)
    assert (comparison.users, comparison.repaired) == (26, 4)
    with store.begin() as connection:
        standings = list_standings(connection, first_rank=1, limit=100)
    assert read_top(store).standings == tuple(standings)
    assert compare_board(store).repaired == 0


@pytest.mark.parametrize("damage", ["member", "score", "stranger"])
def test_a_comparison_finds_a_board_that_no_version_gives_away(store: Store, damage: str) -> None:
    make_crowd(store, 25)
    assert rebuild_board(store)
    top = store.redis.run(lambda client: client.zrevrange(keys.board(), 0, 0))[0]
    if damage == "member":
        store.redis.run(lambda client: client.zrem(keys.board(), top))
    elif damage == "score":
        store.redis.run(lambda client: client.zadd(keys.board(), {top: 1}))
    else:
        stranger = board.board_member(1, uuid4())
        store.redis.run(lambda client: client.zadd(keys.board(), {stranger: 9000}))
    compare_board(store)
    assert not board.is_board_trusted(store.redis), "the keeper makes it anew"
    assert rebuild_board(store)
    with store.begin() as connection:
        standings = list_standings(connection, first_rank=1, limit=100)
    assert read_top(store).standings == tuple(standings)


def restart(store: Store) -> None:
    """Let the server's run_id be another one, as a restart makes it: the data stays."""
    store.redis.run(lambda client: client.set(keys.board_marker(), "the run before"))
