"""Intake in tests: actions taken in, and what is then in PostgreSQL."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import text

from domain.actions.intake import IntakeOutcome, accept_actions
from domain.actions.model import NewAction
from domain.store.store import Store


def accept(store: Store, actions: Sequence[NewAction]) -> IntakeOutcome:
    return accept_actions(store, actions=actions, reply_to=None)


def accepted_ids(outcome: IntakeOutcome) -> set[UUID]:
    return {action_id for batch in outcome.batches for action_id in batch.action_ids}


def fetch(store: Store, query: str, **parameters: Any) -> list[Any]:
    with store.write() as connection:
        return list(connection.execute(text(query), parameters).all())
