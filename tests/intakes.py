"""Intake in tests: actions taken in, and what is then in PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.actions.intake import IntakeOutcome, accept_actions
from domain.actions.model import NewAction
from domain.store.store import Store

# Every action once, whether it is scored or still pending in its batch.
ALL_ACTIONS = """(
    SELECT action_id, user_id, action_no, batch_id, status, version, created_at FROM user_actions
    UNION ALL
    SELECT action_id, user_id, action_no, batch_id, status, version, created_at
    FROM pending_actions WHERE version = 0
) all_actions"""


def accept(store: Store, actions: Sequence[NewAction]) -> IntakeOutcome:
    return accept_actions(store, actions=actions, reply_to=None)


def accepted_ids(outcome: IntakeOutcome) -> set[UUID]:
    return {action_id for batch in outcome.batches for action_id in batch.action_ids}


def fetch(store: Store, query: str, **parameters: Any) -> list[Any]:
    with store.write() as connection:
        return list(connection.execute(text(query), parameters).all())
