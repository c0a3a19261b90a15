"""Batches in tests: accepted, read, and put into the state that a test needs."""

from uuid import UUID

from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.store.postgres.actions.batches import Batch, find_batch
from domain.store.store import Store
from tests.factories import make_action
from tests.intakes import ALL_ACTIONS


def accept(store: Store, *, actions: int = 1) -> UUID:
    accepted = accept_actions(
        store, actions=[make_action() for _ in range(actions)], reply_to="web"
    )
    return accepted.batches[0].batch_id


def get_batch(store: Store, batch_id: UUID) -> Batch:
    with store.write() as connection:
        batch = find_batch(connection, batch_id=batch_id)
    assert batch is not None
    return batch


def count_by_status(store: Store) -> dict[str, int]:
    with store.write() as connection:
        rows = connection.execute(text(f"SELECT status, count(*) FROM {ALL_ACTIONS} GROUP BY 1"))
        return {row.status: row.count for row in rows}


def set_attempts(store: Store, batch_id: UUID, attempts: int) -> None:
    with store.write() as connection:
        connection.execute(
            text("UPDATE action_batches SET attempts = :attempts WHERE batch_id = :id"),
            {"attempts": attempts, "id": batch_id},
        )


def let_time_pass(store: Store, seconds: float = 3600) -> None:
    """Move the next look of every batch into the past by so many seconds."""
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE action_batches SET next_look_at = next_look_at"
                " - make_interval(secs => :seconds)"
            ),
            {"seconds": seconds},
        )
