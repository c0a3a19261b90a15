"""Refresh: the third link. Absolute standings go to the sorted set; what stands is answered."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from uuid import UUID

from domain.actions.model import LinkOutcome, Stage, Status
from domain.boards.model import BoardId
from domain.store.postgres.actions.batches import Batch, find_batch, move_batch
from domain.store.postgres.actions.outcomes import ActionOutcome, list_outcomes
from domain.store.postgres.boards.standings import BoardRow, list_board_rows, list_ranks
from domain.store.redis import boards
from domain.store.store import Store


@dataclass(frozen=True, slots=True)
class RefreshOutcome:
    """What the link did, whose requests wait for it, and what to tell them.

    `ranks` has the users who are on the board by the text of their id.
    """

    link: LinkOutcome
    reply_to: str | None = None
    outcomes: Sequence[ActionOutcome] = ()
    ranks: Mapping[str, int] = field(default_factory=dict)


def refresh_batch(store: Store, *, board: BoardId, batch_id: UUID) -> RefreshOutcome:
    """Write the standings of the batch's users to the board and return every action's outcome.

    May run twice at once: the script refuses older versions. The stage does not move here:
    `finish_refresh` does, after the replies, so that nobody waits for a commit. Raises
    DatabaseUnavailableError and RedisUnavailableError.
    """
    with store.autocommit() as connection:
        batch = find_batch(connection, batch_id=batch_id)
        if batch is None or batch.stage is not Stage.SCORED:
            return RefreshOutcome(LinkOutcome.NOT_ITS_TURN)
        outcomes = list_outcomes(connection, batch=batch)
        users = {UUID(outcome.user_id) for outcome in outcomes if outcome.status is Status.APPLIED}
        rows = list_board_rows(connection, user_ids=sorted(users)) if users else []
    ranks = {str(user_id): rank for user_id, rank in _write(store, board, batch, rows).items()}
    return RefreshOutcome(LinkOutcome.MOVED, batch.reply_to, outcomes, ranks)


def finish_refresh(store: Store, *, batch_id: UUID) -> None:
    """Move the batch to REFRESHED. Raises DatabaseUnavailableError."""
    with store.autocommit() as connection:
        move_batch(connection, batch_id=batch_id, old=Stage.SCORED, new=Stage.REFRESHED)


def _write(store: Store, board: BoardId, batch: Batch, rows: list[BoardRow]) -> dict[UUID, int]:
    if not rows:
        return {}
    trusted, ranks = boards.write_rows(store.redis, rows, board=board, batch_id=batch.batch_id)
    if trusted:
        return ranks
    with store.write() as connection:
        return list_ranks(connection, user_ids=[row.user_id for row in rows])
