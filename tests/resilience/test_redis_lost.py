"""Redis killed, stalled, restarted and full: PostgreSQL answers, and everything recovers."""

import time
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions.chain import Stage
from domain.actions.history import get_action
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.players import get_player_score
from domain.boards.reader import find_neighborhood, read_top
from domain.boards.rebuild import rebuild_board
from domain.errors import RedisUnavailableError
from domain.store.redis import boards
from domain.store.redis.client import TIMEOUT_SECONDS
from domain.store.store import Store
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.pipeline import complete_actions, finish_batch
from tests.running.redis_server import RedisServer
from tests.waiting import wait_until
from workers.context import WorkerContext
from workers.keeper import Keeper


def accept(store: Store, *, user_id: UUID | None = None) -> UUID:
    action = make_action(user_id=user_id or uuid4())
    return accept_actions(store, actions=[action], reply_to="a-web-process").batches[0].batch_id


def list_stages(store: Store) -> set[str]:
    with store.write() as connection:
        return set(connection.execute(text("SELECT stage FROM action_batches")).scalars())


def look_again(store: Store) -> None:
    """Make every batch due for recovery by the keeper."""
    with store.write() as connection:
        connection.execute(text("UPDATE action_batches SET looks = 1, next_look_at = now()"))


def find_broken(context: WorkerContext) -> list[tuple[str, ...]]:
    home = context.settings.archive_path
    reports = verify(context.store, archive_path=home, wait_seconds=0)
    return [report.findings for report in reports if not report.holds]


def open_circuit_breaker(store: Store) -> None:
    """Send commands until the circuit breaker is open."""
    while store.redis.usable:
        with pytest.raises(RedisUnavailableError):
            store.redis.run(lambda client: client.ping())


def wait_until_usable(store: Store) -> None:
    """Wait until a probe has closed the circuit breaker."""

    def works() -> bool:
        try:
            return bool(store.redis.run(lambda client: client.ping()))
        except RedisUnavailableError:
            return False

    wait_until(works)


def test_the_keeper_scores_batches_without_redis_and_finishes_them_with_it(
    context: WorkerContext, redis_server: RedisServer
) -> None:
    store = context.store
    redis_server.kill()
    open_circuit_breaker(store)
    players = [uuid4() for _ in range(5)]
    for player in players:
        accept(store, user_id=player)
    keeper = Keeper(context)
    look_again(store)
    keeper.watch.run_due()
    assert list_stages(store) == {Stage.SCORED}
    assert get_player_score(store, board=GLOBAL_BOARD, user_id=players[0]).score == 100
    keeper.upkeep.run_due()
    redis_server.start()
    wait_until_usable(store)
    keeper.upkeep.run_due()
    look_again(store)
    keeper.watch.run_due()
    assert list_stages(store) == {Stage.DONE}
    assert find_broken(context) == []


def test_after_a_restart_the_board_is_untrusted_and_the_epoch_changes(
    context: WorkerContext, redis_server: RedisServer
) -> None:
    store = context.store
    complete_actions(context, [make_action(score=score) for score in (30, 20, 10)])
    before = read_top(store, board=GLOBAL_BOARD)
    assert boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    redis_server.kill()
    redis_server.start()
    wait_until_usable(store)
    assert not boards.is_board_trusted(store.redis, board=GLOBAL_BOARD)
    by_sql = read_top(store, board=GLOBAL_BOARD)
    assert (by_sql.epoch, by_sql.standings) == ("", before.standings)
    assert rebuild_board(store, board=GLOBAL_BOARD)
    after = read_top(store, board=GLOBAL_BOARD)
    assert after.standings == before.standings
    assert after.epoch not in ("", before.epoch)
    complete_actions(context, [make_action(score=15)])
    assert (read_top(store, board=GLOBAL_BOARD).epoch, read_top(store, board=GLOBAL_BOARD).seq) == (
        after.epoch,
        1,
    )
    assert find_broken(context) == []


def test_a_stalled_redis_delays_a_few_reads_and_then_none(
    context: WorkerContext, redis_server: RedisServer
) -> None:
    store = context.store
    player = uuid4()
    complete_actions(context, [make_action(user_id=player, score=30)])
    expected = read_top(store, board=GLOBAL_BOARD).standings
    redis_server.stall()
    started = time.monotonic()
    assert read_top(store, board=GLOBAL_BOARD).standings == expected
    assert get_player_score(store, board=GLOBAL_BOARD, user_id=player).rank == 1
    open_circuit_breaker(store)
    assert time.monotonic() - started < 6 * TIMEOUT_SECONDS + 3
    started = time.monotonic()
    for _ in range(20):
        assert read_top(store, board=GLOBAL_BOARD).standings == expected
        assert (
            find_neighborhood(store, board=GLOBAL_BOARD, user_id=player, neighbors=1).own
            == expected[0]
        )
    assert time.monotonic() - started < 6, "one probe a second, and no other command waits"
    redis_server.go_on()
    wait_until_usable(store)
    assert read_top(store, board=GLOBAL_BOARD).epoch, "the board is still trusted"


def test_a_full_redis_is_like_a_missing_one(
    context: WorkerContext, redis_server: RedisServer
) -> None:
    store = context.store
    player = uuid4()
    complete_actions(context, [make_action(user_id=player, score=30)])
    redis_server.command("CONFIG", "SET", "maxmemory", "1")
    batch_id = accept(store, user_id=player)
    with pytest.raises(RedisUnavailableError):
        finish_batch(context, batch_id)
    assert list_stages(store) == {Stage.DONE, Stage.SCORED}
    assert get_player_score(store, board=GLOBAL_BOARD, user_id=player).score == 130, (
        "PostgreSQL says so"
    )
    assert read_top(store, board=GLOBAL_BOARD).total_users == 1
    redis_server.command("CONFIG", "SET", "maxmemory", "0")
    wait_until_usable(store)
    finish_batch(context, batch_id)
    assert get_player_score(store, board=GLOBAL_BOARD, user_id=player).score == 130
    assert find_broken(context) == []


@pytest.mark.parametrize("asked_through", ["links", "reads"])
def test_a_redis_that_is_flushed_repeatedly_loses_nothing(
    context: WorkerContext, redis_server: RedisServer, asked_through: str
) -> None:
    store = context.store
    player = uuid4()
    actions = [make_action(user_id=player, score=7) for _ in range(8)]
    for total, action in enumerate(actions, start=1):
        redis_server.command("FLUSHALL")
        complete_actions(context, [action])
        if asked_through == "reads":
            seen: Any = get_player_score(store, board=GLOBAL_BOARD, user_id=player)
            assert (seen.score, seen.rank, seen.total_actions) == (7 * total, 1, total)
            assert [row.score for row in read_top(store, board=GLOBAL_BOARD).standings] == [
                7 * total
            ]
    record = get_action(store, action_id=actions[-1].action_id, user_id=player)
    assert record.new_score == 56
    redis_server.command("FLUSHALL")
    Keeper(context).upkeep.run_due()
    assert find_broken(context) == []
