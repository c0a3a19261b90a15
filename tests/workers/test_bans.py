"""The keeper ends bans whose time is over, once, and shows what Redis has missed."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.moderation.banning import find_ban
from domain.store.store import Store
from tests.bans import ban, let_time_pass
from tests.factories import make_action, make_player
from tests.integration.boards.reading import list_board
from tests.pipeline import complete_actions
from tests.waiting import run_in_threads
from workers.context import WorkerContext
from workers.keeper import Keeper
from workers.upkeep.bans import BanDuties


def list_acts(store: Store) -> list[tuple[str, str]]:
    with store.write() as connection:
        acts = connection.execute(text("SELECT kind, by FROM moderation_acts ORDER BY act_no"))
        return [tuple(act) for act in acts]


def make_banned(context: WorkerContext) -> UUID:
    """Store a player with a score, who is banned for an hour."""
    user_id = make_player(context.store).user_id
    complete_actions(context, [make_action(user_id=user_id)])
    ban(context.store, user_id, until=datetime.now(UTC) + timedelta(hours=1))
    return user_id


def test_a_ban_ends_when_its_time_is_over(worker_context: WorkerContext) -> None:
    store, keeper = worker_context.store, Keeper(worker_context)
    rebuild_board(store, board=GLOBAL_BOARD)
    ann = make_banned(worker_context)
    keeper.periods.run_due()
    assert find_ban(store, user_id=ann) is not None
    assert list_board(store, GLOBAL_BOARD) == []
    let_time_pass(store, ann)
    BanDuties(worker_context).end_bans()
    assert find_ban(store, user_id=ann) is None
    assert list_board(store, GLOBAL_BOARD) == [ann]
    assert list_acts(store) == [("ban", "moderator"), ("unban", "keeper")]


def test_a_player_who_is_locked_does_not_keep_others_banned(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    locked, free = make_banned(worker_context), make_banned(worker_context)
    for user_id in (locked, free):
        let_time_pass(store, user_id)
    with store.write() as other:
        other.execute(text("SELECT 1 FROM users WHERE user_id = :id FOR UPDATE"), {"id": locked})
        BanDuties(worker_context).end_bans()
        assert find_ban(store, user_id=free) is None
        assert find_ban(store, user_id=locked) is not None
    BanDuties(worker_context).end_bans()
    assert find_ban(store, user_id=locked) is None


def test_two_keepers_end_a_ban_once(worker_context: WorkerContext) -> None:
    users = [make_banned(worker_context) for _ in range(3)]
    for user_id in users:
        let_time_pass(worker_context.store, user_id)
    run_in_threads(BanDuties(worker_context).end_bans, count=3)
    assert list_acts(worker_context.store)[3:] == [("unban", "keeper")] * 3


def test_what_redis_has_missed_is_shown(worker_context: WorkerContext) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    ann = make_banned(worker_context)
    with store.write() as connection:
        connection.execute(
            text("UPDATE bans SET shown_at = NULL, from_at = now() - interval '9 s'")
        )
    # As if Redis had never heard of the ban.
    store.redis.run(lambda client: client.flushdb())
    rebuild_board(store, board=GLOBAL_BOARD)
    BanDuties(worker_context).show_bans()
    with store.write() as connection:
        assert connection.execute(text("SELECT shown_at IS NOT NULL FROM bans")).scalar_one()
    assert list_board(store, GLOBAL_BOARD) == []
    assert find_ban(store, user_id=ann) is not None
