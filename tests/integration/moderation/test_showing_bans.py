"""Redis comes to what is stored of bans, whatever is lost between the commit and the message."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.actions.chain import CHAIN
from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.moderation import banning
from domain.moderation.showing import show_overdue_bans
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.redis.client import connect_redis
from domain.store.store import Store, connect
from tests.bans import ban, unban
from tests.factories import make_action, make_player
from tests.integration.boards.reading import list_board
from tests.pipeline import complete_actions
from tests.rankings import make_board
from workers.chain import run_link
from workers.context import WorkerContext


@pytest.fixture
def players(worker_context: WorkerContext) -> tuple[UUID, UUID]:
    """Ann and Bob, who are on the global board and on another one."""
    store = worker_context.store
    make_board(store, "all-time")
    rebuild_board(store, board=GLOBAL_BOARD)
    users = make_player(store).user_id, make_player(store).user_id
    complete_actions(worker_context, [make_action(user_id=user) for user in users])
    return users


@pytest.fixture
def away(store: Store) -> Store:
    """The stores, while Redis is away."""
    return replace(store, redis=connect_redis("redis://127.0.0.1:1/0"))


def list_messages(store: Store) -> list[str]:
    """Return what was published of the global board."""
    found: Any = store.redis.run(lambda client: client.xrange(keys.bus_stream(GLOBAL_BOARD)))
    return [fields["m"] for _, fields in found]


def show(store: Store) -> int:
    return show_overdue_bans(store, now=datetime.now(UTC), overdue_seconds=0)


def list_ranking(store: Store) -> list[UUID]:
    """Return who is in the one ranking in Redis."""
    with store.write() as connection:
        number = connection.execute(text("SELECT ranking_no FROM rankings")).scalar_one()
    members: list[str] = store.redis.run(lambda client: client.zrange(keys.ranking(number), 0, -1))
    return [UUID(member[-36:]) for member in members]


def list_both(store: Store) -> tuple[list[UUID], list[UUID]]:
    return list_board(store, GLOBAL_BOARD), list_ranking(store)


def test_what_an_outage_has_kept_from_redis_is_shown_later(
    store: Store, away: Store, players: tuple[UUID, UUID]
) -> None:
    ann, bob = players
    ban(away, ann)
    assert list_both(store) == ([ann, bob], [ann, bob])
    assert show(away) == 0
    assert show(store) == 1
    assert list_both(store) == ([bob], [bob])
    unban(away, ann)
    assert list_both(store) == ([bob], [bob])
    assert show(store) == 1
    assert list_both(store) == ([ann, bob], [ann, bob])
    assert show(store) == 0


def test_a_ban_that_is_stored_has_not_failed_when_showing_it_fails(
    store: Store, settings: Settings, players: tuple[UUID, UUID]
) -> None:
    ann, bob = players
    nowhere = connect(replace(settings, database_url="postgresql://127.0.0.1:1/none"))
    ill = replace(store, lazy_engine=nowhere.lazy_engine)
    ban(ill, ann)
    assert show(store) == 1
    unban(ill, ann)
    assert show(store) == 1
    assert list_both(store) == ([ann, bob], [ann, bob])
    nowhere.close()


def test_what_a_crash_has_kept_from_redis_is_shown_later(
    store: Store, players: tuple[UUID, UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    ann, bob = players

    def die(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(banning, "announce_revocation", die)
        ban(store, ann)
    assert list_both(store) == ([ann, bob], [ann, bob])
    assert show(store) == 1
    assert list_both(store) == ([bob], [bob])


def test_a_refresh_from_before_the_ban_brings_nobody_back(
    worker_context: WorkerContext, players: tuple[UUID, UUID]
) -> None:
    store, (ann, bob) = worker_context.store, players
    (batch,) = accept_actions(store, actions=[make_action(user_id=ann)], reply_to=None).batches
    for link in CHAIN[:2]:
        run_link(worker_context, link=link, batch_id=batch.batch_id)
    ban(store, ann)
    # The rows that this process has written are still in its memory.
    for link in CHAIN[2:]:
        run_link(worker_context, link=link, batch_id=batch.batch_id)
    assert list_both(store) == ([bob], [bob])
    unban(store, ann)
    assert list_both(store) == ([ann, bob], [ann, bob])


def test_listeners_are_told_at_once(store: Store, players: tuple[UUID, UUID]) -> None:
    ann, _ = players
    before = list_messages(store)
    ban(store, ann)
    unban(store, ann)
    without, whole = list_messages(store)[len(before) :]
    assert str(ann) not in without
    assert str(ann) in whole


def test_a_rebuild_has_nobody_who_is_banned(store: Store, players: tuple[UUID, UUID]) -> None:
    ann, bob = players
    ban(store, ann)
    store.redis.run(lambda client: client.flushdb())
    assert rebuild_board(store, board=GLOBAL_BOARD)
    assert list_board(store, GLOBAL_BOARD) == [bob]
