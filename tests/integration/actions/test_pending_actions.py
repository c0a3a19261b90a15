"""Pending actions: what is in the arrays of a batch that is not scored is found, and found once."""

from dataclasses import replace
from datetime import UTC, datetime
from uuid import uuid4

import pytest

from domain.actions.chain import Stage, list_finished_stages
from domain.actions.history import get_action, list_actions
from domain.actions.model import NewAction, Status
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.moderation.deciding import Decision, decide_action
from domain.store.store import Store
from tests.factories import make_action, make_policy
from tests.intakes import accept, fetch
from tests.pipeline import complete_actions
from tests.verification import change
from workers.context import WorkerContext


def list_statuses(store: Store, action: NewAction) -> list[Status]:
    records, _ = list_actions(store, user_id=action.user_id, before_no=None, limit=10)
    return [record.status for record in records]


@pytest.mark.parametrize("stage", [*Stage, "enriched"])
def test_an_action_is_pending_until_its_batch_is_scored_or_split(store: Store, stage: str) -> None:
    """`enriched` is a stage of a newer version, before its scoring."""
    accept(store, [make_action()])
    change(store, "UPDATE action_batches SET stage = :stage", stage=stage)
    expected = 0 if stage in list_finished_stages() else 1
    assert len(fetch(store, "SELECT 1 FROM pending_actions")) == expected
    change(store, "UPDATE action_batches SET scored_at = now()")
    assert fetch(store, "SELECT 1 FROM pending_actions") == []


def test_a_player_s_history_has_what_is_pending_with_what_is_scored(
    worker_context: WorkerContext,
) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    player = uuid4()
    scored, waiting = make_action(user_id=player, score=1), make_action(user_id=player, score=2)
    complete_actions(worker_context, [scored])
    accept(store, [make_action(), waiting])
    records, _ = list_actions(store, user_id=player, before_no=None, limit=10)
    assert [(record.score, record.status) for record in records] == [
        (2, Status.PENDING),
        (1, Status.APPLIED),
    ]
    found = get_action(store, action_id=waiting.action_id, user_id=player)
    assert found == records[0]
    assert found.metadata == {"actionType": "level_complete", "level": 5}
    assert found.timestamp == waiting.timestamp


def test_an_action_that_a_review_reopened_is_found_once(worker_context: WorkerContext) -> None:
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    strict = make_policy(suspicious_score_threshold=1)
    held = make_action(score=100)
    complete_actions(replace(worker_context, policy=strict), [held])
    assert list_statuses(store, held) == [Status.QUARANTINED]
    decide_action(
        store,
        action_id=held.action_id,
        decision=Decision.RELEASE,
        by="grace",
        reason="",
        now=datetime.now(UTC),
    )
    assert list_statuses(store, held) == [Status.PENDING]
