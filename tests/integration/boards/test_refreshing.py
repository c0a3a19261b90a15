"""The board in Redis: never an older state, never stale, and always in SQL's order."""

import json
import random
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.chain import SCORE, SCREEN
from domain.actions.intake import accept_actions
from domain.boards import players as players_module
from domain.boards.model import GLOBAL_BOARD
from domain.boards.players import get_player_score
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.boards.refresh import refresh_batch
from domain.store.postgres.boards.player_scores import PlayerRow
from domain.store.postgres.boards.standings import BatchRow, BoardRow, list_standings
from domain.store.redis import boards, keys
from domain.store.redis.bus import mark_listened
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.integration.boards.reading import list_board, restart
from tests.pipeline import complete_actions
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext

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


def test_who_is_taken_off_stays_off_until_a_newer_row_comes(store: Store) -> None:
    assert rebuild_board(store, board=GLOBAL_BOARD)
    shown = [make_row(version=3), make_row(BOB, username="bob", score=5, reached_seq=2)]
    boards.write_rows(store.redis, shown, board=GLOBAL_BOARD)
    gone = [BatchRow(str(ADA), "ada", 0, None, 5, 0)]
    for row in (gone, gone, [make_row(version=4)]):
        boards.write_rows(store.redis, row, board=GLOBAL_BOARD)
        assert list_board(store, GLOBAL_BOARD) == [BOB]
        assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    boards.write_rows(store.redis, [make_row(version=6)], board=GLOBAL_BOARD)
    assert list_board(store, GLOBAL_BOARD) == [ADA, BOB]
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)


def test_an_older_version_is_refused_and_a_newer_one_moves_the_member(store: Store) -> None:
    assert rebuild_board(store, board=GLOBAL_BOARD)
    boards.write_rows(
        store.redis, [make_row(score=50, reached_seq=5, version=3)], board=GLOBAL_BOARD
    )
    boards.write_rows(
        store.redis, [make_row(score=40, reached_seq=4, version=2)], board=GLOBAL_BOARD
    )
    boards.write_rows(
        store.redis, [make_row(score=999, reached_seq=9, version=3)], board=GLOBAL_BOARD
    )
    (standing,) = read_top(store, board=GLOBAL_BOARD).standings
    assert standing.score == 50
    ranks = boards.write_rows(
        store.redis, [make_row(score=60, version=4)], board=GLOBAL_BOARD, with_ranks=True
    )
    assert ranks == {str(ADA): 1}
    (standing,) = read_top(store, board=GLOBAL_BOARD).standings
    assert standing.score == 60
    assert store.redis.run(lambda client: client.zcard(keys.board(GLOBAL_BOARD))) == 1


def test_shuffled_and_repeated_delivery_never_restores_an_older_state(store: Store) -> None:
    assert rebuild_board(store, board=GLOBAL_BOARD)
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
        boards.write_rows(store.redis, [state], board=GLOBAL_BOARD)
        highest[state.user_id] = max(highest[state.user_id], state.score)
        seen = {
            standing.user_id: standing.score
            for standing in read_top(store, board=GLOBAL_BOARD).standings
        }
        assert seen == {user: score for user, score in highest.items() if score}
    assert list_board(store, GLOBAL_BOARD) == [ADA, BOB]


def test_previous_ranks_are_kept_once_for_each_batch(store: Store) -> None:
    assert rebuild_board(store, board=GLOBAL_BOARD)
    first, second = uuid4(), uuid4()
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[ADA, BOB])
    boards.write_rows(
        store.redis, [make_row(BOB, score=20, version=1)], board=GLOBAL_BOARD, batch_id=first
    )
    boards.write_rows(
        store.redis, [make_row(ADA, score=30, version=1)], board=GLOBAL_BOARD, batch_id=second
    )
    again = [make_row(BOB, score=50, version=2)]
    boards.write_rows(store.redis, again, board=GLOBAL_BOARD, batch_id=second)
    boards.write_rows(
        store.redis, [make_row(BOB, score=50, version=3)], board=GLOBAL_BOARD, batch_id=second
    )

    assert read_previous(store, first) == {str(BOB): 0}
    assert read_previous(store, second) == {str(ADA): 0, str(BOB): 2}
    assert (
        0
        < store.redis.run(lambda client: client.ttl(keys.previous_ranks(GLOBAL_BOARD, second)))
        <= 600
    )


def read_previous(store: Store, batch_id: UUID) -> dict[str, int]:
    """Return the ranks that are kept for the batch's broadcast."""
    raw: Any = store.redis.run(
        lambda client: client.get(keys.previous_ranks(GLOBAL_BOARD, batch_id))
    )
    ranks: dict[str, int] = json.loads(raw) if raw else {}
    return ranks


def test_ranks_are_kept_and_answered_for_those_who_want_them(store: Store) -> None:
    assert rebuild_board(store, board=GLOBAL_BOARD)
    rows = [make_row(ADA, score=9), make_row(BOB, score=5)]
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[BOB])
    batch_id = uuid4()
    ranks = boards.write_rows(store.redis, rows, board=GLOBAL_BOARD, batch_id=batch_id)
    assert ranks == {}
    assert read_previous(store, batch_id) == {str(BOB): 0}
    mark_listened(store.redis, board=GLOBAL_BOARD, user_ids=[])
    assert read_previous(store, batch_id) == {str(BOB): 0}
    higher = [make_row(BOB, score=10, version=2)]
    ranks = boards.write_rows(store.redis, higher, board=GLOBAL_BOARD, with_ranks=True)
    assert ranks == {str(BOB): 1}


def test_a_repeated_or_late_refresh_answers_the_same_and_changes_nothing(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    player = uuid4()
    (batch,) = accept_actions(
        store, actions=[make_action(user_id=player, score=30)], reply_to="web"
    ).batches
    for link in (SCREEN, SCORE):
        run_link(worker_context, link=link, batch_id=batch.batch_id)
    first = refresh_batch(store, board=GLOBAL_BOARD, batch_id=batch.batch_id)
    assert list(first.ranks.values()) == [1]
    complete_actions(worker_context, [make_action(user_id=player, score=12)])
    late = refresh_batch(store, board=GLOBAL_BOARD, batch_id=batch.batch_id)
    assert (late.outcomes, late.ranks) == (first.outcomes, first.ranks)
    assert [standing.score for standing in read_top(store, board=GLOBAL_BOARD).standings] == [42]


def test_the_cached_player_is_never_older_than_the_last_write(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    player = uuid4()
    for total in range(1, 6):
        complete_actions(worker_context, [make_action(user_id=player, score=10)])
        for from_cache in (False, True):
            seen = get_player_score(store, board=GLOBAL_BOARD, user_id=player)
            assert (seen.score, seen.total_actions, seen.rank) == (10 * total, total, 1)
            assert seen.from_cache is from_cache
    assert (
        3500
        < store.redis.run(lambda client: client.ttl(keys.user_cache(GLOBAL_BOARD, player)))
        <= 3600
    )


@pytest.mark.parametrize("is_new", [True, False])
def test_a_slow_reader_does_not_cache_an_old_state(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch, is_new: bool
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
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
        assert get_player_score(store, board=GLOBAL_BOARD, user_id=player).score == (
            0 if is_new else 5
        )
    after = get_player_score(store, board=GLOBAL_BOARD, user_id=player)
    assert (after.score, after.from_cache) == (10 if is_new else 15, False)


def test_a_cache_entry_from_before_a_restart_is_not_used_after_the_rebuild(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    player = uuid4()
    complete_actions(worker_context, [make_action(user_id=player, score=10)])
    get_player_score(store, board=GLOBAL_BOARD, user_id=player)
    with store.write() as connection:
        connection.execute(text("UPDATE user_scores SET score = 99, version = version + 1"))
    restart(store, GLOBAL_BOARD)
    assert not get_player_score(store, board=GLOBAL_BOARD, user_id=player).from_cache
    assert rebuild_board(store, board=GLOBAL_BOARD)
    seen = get_player_score(store, board=GLOBAL_BOARD, user_id=player)
    assert (seen.score, seen.from_cache) == (99, False)


def test_batches_refreshed_by_many_at_once_end_in_the_order_of_sql(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    assert rebuild_board(store, board=GLOBAL_BOARD)
    players = [make_player(store).user_id for _ in range(8)]
    dice = random.Random(3)

    def play() -> None:
        for _ in range(4):
            some = dice.sample(players, 4)
            complete_actions(worker_context, [make_action(user_id=u, score=1) for u in some])

    run_in_threads(play, count=6)
    with store.write() as connection:
        standings = list_standings(connection, first_rank=1, limit=100)
    assert read_top(store, board=GLOBAL_BOARD).standings == tuple(standings)
