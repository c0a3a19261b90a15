"""Conservation: applied actions, archived ones included, add up to scores and statistics."""

from collections.abc import Iterator

from domain.store.postgres.verify.scores import (
    find_sum_mismatch,
    list_ban_mismatches,
    list_score_mismatches,
)
from domain.store.store import Connection


def check_conservation(connection: Connection, *, limit: int) -> Iterator[str]:
    """Yield a sentence for each user whose actions do not add up, and for a wrong total sum.

    Also for each user who is off the boards without a ban, or banned and on them.
    """
    if sentence := find_sum_mismatch(connection):
        yield sentence
    for list_mismatches in (list_score_mismatches, list_ban_mismatches):
        for user_id, what in list_mismatches(connection, limit=limit):
            yield f"user {user_id} {what}"
