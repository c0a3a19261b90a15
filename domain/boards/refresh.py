"""Refresh: the third link. Absolute standings are written to the sorted set, and ranks come back.

Called by the runner of the link, which replies to the pending requests between the two functions.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.actions.chain import REFRESH
from domain.actions.model import LinkOutcome
from domain.boards.model import BoardId
from domain.boards.reader import complete_ranks
from domain.store.postgres.actions.batches import move_batch
from domain.store.postgres.actions.outcomes import ActionOutcome, find_scored_batch
from domain.store.postgres.boards.standings import BatchRow, list_batch_rows
from domain.store.redis import boards
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class RefreshOutcome:
    """What the link did, where to send the replies, and what they contain.

    `ranks` has the users who are on the board, keyed by the text of their id; it is empty when
    nobody waits for replies.
    """

    link: LinkOutcome
    reply_to: str | None = None
    outcomes: Sequence[ActionOutcome] = ()
    uncounted: Mapping[str, Mapping[str, str]] = field(default_factory=dict)
    # What is left to refresh: these players' rows in these rankings.
    rankings: Sequence[int] = ()
    user_ids: Sequence[str] = ()
    # Whether some of those rows may be gone.
    takes_back: bool = False
    ranks: Mapping[str, int] = field(default_factory=dict)


def refresh_batch(store: Store, *, board: BoardId, batch_id: UUID) -> RefreshOutcome:
    """Write the standings of the batch's users to the board and return every action's outcome.

    May run twice at once: the script refuses older versions. `finish_refresh` moves the stage,
    after the replies, so that no request waits for a commit. Raises DatabaseUnavailableError and
    RedisUnavailableError.
    """
    with store.autocommit() as connection:
        batch = find_scored_batch(connection, batch_id=batch_id, stage=REFRESH.before)
        if batch is None:
            return RefreshOutcome(LinkOutcome.NOT_ITS_TURN)
        outcomes = batch.outcomes
        users = list({outcome.user_id for outcome in outcomes if outcome.new_score is not None})
        rows = list_batch_rows(connection, user_ids=users) if users else []
    ranks = _write(store, board, batch_id, rows, with_ranks=batch.reply_to is not None)
    return RefreshOutcome(
        LinkOutcome.MOVED,
        batch.reply_to,
        outcomes,
        batch.uncounted,
        batch.rankings,
        users,
        any(outcome.is_taken_back for outcome in outcomes),
        ranks,
    )


def finish_refresh(store: Store, *, batch_id: UUID) -> None:
    """Move the batch to REFRESHED. Raises DatabaseUnavailableError."""
    with store.autocommit() as connection:
        move_batch(connection, batch_id=batch_id, link=REFRESH)


def _write(
    store: Store, board: BoardId, batch_id: UUID, rows: Sequence[BatchRow], *, with_ranks: bool
) -> dict[str, int]:
    """Write the rows; return the ranks after it if somebody waits for them."""
    answered = boards.write_rows(
        store.redis, rows, board=board, batch_id=batch_id, with_ranks=with_ranks
    )
    if not (rows and with_ranks):
        return {}
    user_ids = [row.user_id for row in rows]
    return complete_ranks(store, board=board, user_ids=user_ids, answered=answered)
