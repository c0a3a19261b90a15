"""Scoring brings a batch to every board that it matches, in its own transaction."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from orjson import dumps
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.moderation.deciding import Decision, decide_action
from domain.rankings.folding import MAX_TOTAL
from domain.store.postgres.partitions import ensure_partitions
from domain.store.store import Store
from tests.factories import make_action, make_policy
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import list_rows, make_board
from workers.context import WorkerContext


def act(user_id: UUID, score: int, **metadata: Any) -> NewAction:
    return make_action(user_id=user_id, score=score, metadata=dumps(metadata).decode())


def list_uncounted(store: Store) -> dict[int, dict[str, str]]:
    with store.write() as connection:
        rows = connection.execute(
            text("SELECT score_delta, uncounted FROM user_actions WHERE uncounted IS NOT NULL")
        )
        return {row.score_delta: row.uncounted for row in rows}


def test_one_batch_moves_every_board_that_it_matches(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "best-run", aggregate="best", period={"kind": "daily"})
    make_board(store, "fewest", value="metadata.seconds", aggregate="best", direction="asc")
    make_board(store, "bosses", actionTypes=["boss"], aggregate="count")
    ann, bob = uuid4(), uuid4()
    complete_actions(
        worker_context,
        [act(ann, 10, seconds=30), act(bob, 20, seconds=12.4), act(ann, 15, seconds=31)],
    )
    today = datetime.now(UTC).date().isoformat()
    assert list_rows(store, "best-run") == [(today, "", bob, 20), (today, "", ann, 15)]
    assert list_rows(store, "fewest") == [("all", "", bob, 12), ("all", "", ann, 30)]
    assert list_rows(store, "bosses") == []
    complete_actions(worker_context, [act(ann, 40, seconds=3), act(bob, 5, seconds=2.6)])
    assert list_rows(store, "best-run") == [(today, "", ann, 40), (today, "", bob, 20)]
    assert list_rows(store, "fewest") == [("all", "", ann, 3), ("all", "", bob, 3)]


def test_a_batch_that_is_scored_again_counts_once(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "total")
    ann = uuid4()
    batch_id = complete_actions(worker_context, [act(ann, 7)])
    finish_batch(worker_context, batch_id)
    assert list_rows(store, "total") == [("all", "", ann, 7)]


def test_an_action_that_a_board_cannot_count_counts_on_the_others(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "total")
    make_board(store, "speedrun", value="metadata.seconds", aggregate="best", direction="asc")
    ann = uuid4()
    complete_actions(
        worker_context, [act(ann, 1), act(ann, 2, seconds="fast"), act(ann, 4, seconds=9)]
    )
    assert list_rows(store, "total") == [("all", "", ann, 7)]
    assert list_rows(store, "speedrun") == [("all", "", ann, 9)]
    assert list_uncounted(store) == {
        1: {"speedrun": "VALUE_MISSING"},
        2: {"speedrun": "VALUE_INVALID"},
    }


def test_players_are_told_nothing_of_a_board_that_only_admins_read(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "suspects", value="metadata.seconds", readers="admins")
    make_board(store, "speedrun", value="metadata.seconds", readers="players")
    complete_actions(worker_context, [act(uuid4(), 1)])
    assert list_uncounted(store) == {1: {"speedrun": "VALUE_MISSING"}}


def test_attempts_beyond_the_limit_are_told(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "three-tries", attempts=2, aggregate="best")
    ann = uuid4()
    complete_actions(worker_context, [act(ann, 1), act(ann, 2)])
    complete_actions(worker_context, [act(ann, 99)])
    assert list_rows(store, "three-tries") == [("all", "", ann, 2)]
    assert list_uncounted(store) == {99: {"three-tries": "NO_ATTEMPTS_LEFT"}}


def test_an_action_that_a_rolling_board_refuses_is_in_no_bucket(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    make_board(store, "last-day", period={"kind": "rolling", "window": "24h"})
    ann = uuid4()
    full = MAX_TOTAL - 5
    complete_actions(worker_context, [act(ann, 1)])
    with store.write() as connection:
        for table in ("ranking_rows", "ranking_buckets"):
            connection.execute(text(f"UPDATE {table} SET value = :full"), {"full": full})
    complete_actions(worker_context, [act(ann, 3), act(ann, 9)])
    complete_actions(worker_context, [act(ann, 8)])
    assert list_rows(store, "last-day") == [("rolling", "", ann, full + 3)]
    assert list_uncounted(store) == {score: {"last-day": "OUT_OF_RANGE"} for score in (9, 8)}
    with store.write() as connection:
        buckets = connection.execute(text("SELECT sum(value), sum(counted) FROM ranking_buckets"))
        assert buckets.one() == (full + 3, 2)


def test_a_sealed_ranking_keeps_what_it_was(worker_context: WorkerContext) -> None:
    store = worker_context.store
    make_board(store, "total")
    ann, bob = uuid4(), uuid4()
    complete_actions(worker_context, [act(ann, 7)])
    with store.write() as connection:
        connection.execute(text("UPDATE rankings SET revision = 1"))
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    complete_actions(worker_context, [act(ann, 5), act(bob, 1)])
    complete_actions(worker_context, [act(ann, 5)])
    with store.write() as connection:
        kept = connection.execute(
            text("SELECT user_id, until_revision, value FROM ranking_row_revisions")
        ).all()
    assert {tuple(row) for row in kept} == {(ann, 1, 7), (bob, 1, None)}
    assert list_rows(store, "total") == [("all", "", ann, 17), ("all", "", bob, 1)]


def test_a_released_action_counts_in_the_period_of_its_intake(
    worker_context: WorkerContext,
) -> None:
    policy = make_policy(suspicious_score_threshold=100)
    strict = replace(worker_context, policy=policy)
    store = worker_context.store
    make_board(store, "days", period={"kind": "daily"})
    ann = uuid4()
    at = datetime.now(UTC) - timedelta(days=1)
    held = act(ann, 600)._replace(timestamp=at)
    (batch,) = accept_actions(store, actions=[held], reply_to=None).batches
    with store.write() as connection:
        ensure_partitions(connection, now=at, months_ahead=0)
        # As if it had come in a day before.
        for table in ("action_batches", "action_ids"):
            connection.execute(text(f"UPDATE {table} SET created_at = :at"), {"at": at})
    finish_batch(strict, batch.batch_id)
    assert list_rows(store, "days") == []
    decided = decide_action(
        store,
        action_id=held.action_id,
        decision=Decision.RELEASE,
        by="op",
        reason="",
        now=datetime.now(UTC),
    )
    assert decided.batch_id is not None
    finish_batch(worker_context, decided.batch_id)
    assert list_rows(store, "days") == [(at.date().isoformat(), "", ann, 600)]
