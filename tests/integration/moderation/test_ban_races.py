"""Bans at the same time as scoring, each in transactions of its own."""

from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from domain.actions.intake import accept_actions
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import NotFoundError, TransientError
from domain.rankings.sets.rebuild import list_untrusted, rebuild_rankings
from domain.settings import Settings
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.store import Store
from tests.bans import ban, unban
from tests.factories import make_action, make_player
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import list_rows, make_board
from tests.verification import find_broken
from tests.waiting import run_in_threads
from workers.context import WorkerContext

ROUNDS = 4


def test_scoring_bans_and_their_ends_at_once(
    worker_context: WorkerContext, settings: Settings
) -> None:
    store = worker_context.store
    make_board(store, "sum")
    make_board(store, "rolling", period={"kind": "rolling", "window": "24h"})
    rebuild_board(store, board=GLOBAL_BOARD)
    ann, bob = make_player(store).user_id, make_player(store).user_id
    complete_actions(worker_context, [make_action(user_id=user, score=0) for user in (ann, bob)])
    _trust_rankings(store)
    batches: list[UUID] = []
    works = [lambda: _act(worker_context, (ann, bob), batches), lambda: _moderate(store, ann)]
    run_in_threads(lambda: works.pop()(), count=2)
    for batch_id in batches:
        finish_batch(worker_context, batch_id)
    with suppress(NotFoundError):
        unban(store, ann)
    assert find_broken(store, settings) == {}
    for slug in ("sum", "rolling"):
        rows = {user: value for *_, user, value in list_rows(store, slug)}
        assert rows == {ann: 2 * ROUNDS, bob: ROUNDS}


def _trust_rankings(store: Store) -> None:
    with store.write() as connection:
        versions = list_counted_versions(connection)
    untrusted = list_untrusted(store, versions=versions, now=datetime.now(UTC))
    assert rebuild_rankings(store, untrusted) == 2


def _act(context: WorkerContext, users: tuple[UUID, UUID], batches: list[UUID]) -> None:
    ann, bob = users
    for _ in range(ROUNDS):
        actions = [make_action(user_id=user, score=1) for user in (ann, bob, ann)]
        (batch,) = accept_actions(context.store, actions=actions, reply_to=None).batches
        batches.append(batch.batch_id)
        # The keeper would try again.
        with suppress(TransientError):
            finish_batch(context, batch.batch_id)


def _moderate(store: Store, user_id: UUID) -> None:
    for _ in range(ROUNDS):
        for act in (ban, unban):
            with suppress(TransientError, NotFoundError):
                act(store, user_id)
