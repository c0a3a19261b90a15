"""Exactly once: each acknowledged id has one row, is pending or archived; applied, one effect."""

from collections.abc import Iterator

from domain.store.postgres.verify.actions import (
    list_doubly_pending_actions,
    list_half_applied_actions,
    list_lost_actions,
    list_miscounted_archives,
    list_misplaced_actions,
)
from domain.store.postgres.verify.entries import list_contradicted_entries
from domain.store.store import Connection

CHECKS = (
    list_lost_actions,
    list_misplaced_actions,
    list_doubly_pending_actions,
    list_half_applied_actions,
    list_contradicted_entries,
)


def check_exactly_once(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each action that is lost, doubled, half applied or not as logged."""
    for query in CHECKS:
        for action_id, what in query(connection, limit=limit):
            yield f"action {action_id} {what}"
    for partition, what in list_miscounted_archives(connection, limit=limit):
        yield f"{partition} {what}"
