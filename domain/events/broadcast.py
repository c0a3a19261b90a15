"""Broadcast: the last link. The batch's effects go out to all listeners, once."""

from datetime import UTC, datetime
from uuid import UUID

from domain.actions.model import LinkOutcome, Stage, Status
from domain.boards.model import TOP_SIZE, BoardId, Top
from domain.store.postgres.actions.batches import find_batch, move_batch
from domain.store.postgres.actions.outcomes import ActionOutcome, list_outcomes
from domain.store.postgres.boards.standings import (
    count_players,
    list_board_rows,
    list_ranks,
    list_standings,
)
from domain.store.postgres.transactions import read_one_moment
from domain.store.redis.bus import publish_batch
from domain.store.store import Store


def broadcast_batch(store: Store, *, board: BoardId, batch_id: UUID) -> LinkOutcome:
    """Publish what the batch applied and move it to DONE; with nothing applied, only move it.

    May run twice: the script publishes a batch once. Raises DatabaseUnavailableError and
    RedisUnavailableError.
    """
    with store.autocommit() as connection:
        batch = find_batch(connection, batch_id=batch_id)
        if batch is None or batch.stage is not Stage.AUDITED:
            return LinkOutcome.NOT_ITS_TURN
        outcomes = list_outcomes(connection, batch=batch)
    applied = [outcome for outcome in outcomes if outcome.status is Status.APPLIED]
    if applied:
        _publish(store, board, batch_id, applied)
    with store.autocommit() as connection:
        move_batch(connection, batch_id=batch_id, old=Stage.AUDITED, new=Stage.DONE)
    return LinkOutcome.MOVED


def _publish(store: Store, board: BoardId, batch_id: UUID, applied: list[ActionOutcome]) -> None:
    now = datetime.now(UTC)
    if publish_batch(store.redis, board=board, batch_id=batch_id, actions=applied, now=now):
        return
    with store.write() as connection:
        read_one_moment(connection)
        standings = list_standings(connection, first_rank=1, limit=TOP_SIZE)
        top = Top(board, "", 0, count_players(connection), tuple(standings), now)
        users = sorted({UUID(action.user_id) for action in applied})
        ranks = list_ranks(connection, user_ids=users)
        rows = list_board_rows(connection, user_ids=users)
    publish_batch(
        store.redis,
        board=board,
        batch_id=batch_id,
        actions=applied,
        now=now,
        top_from_sql=top,
        ranks_from_sql=ranks,
        scores_from_sql={row.user_id: row.score for row in rows},
    )
