"""Exactly once: each acknowledged id has one row or is archived, each applied one one effect."""

from collections.abc import Iterator

from domain.store.postgres.verify.actions import (
    list_half_applied_actions,
    list_lost_actions,
    list_miscounted_archives,
    list_misplaced_actions,
)
from domain.store.store import Connection


def check_exactly_once(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each action that is lost, doubled or half applied."""
    for query in (list_lost_actions, list_misplaced_actions, list_half_applied_actions):
        for action_id, what in query(connection, limit=limit):
            yield f"action {action_id} {what}"
    for partition, what in list_miscounted_archives(connection, limit=limit):
        yield f"{partition} {what}"
