"""Broadcast: the last link. The effects of a batch are published to all listeners, once."""

from datetime import UTC, datetime
from uuid import UUID

from domain.actions.chain import BROADCAST
from domain.actions.model import LinkOutcome
from domain.boards.model import BoardId
from domain.events.board_changes import publish_changes
from domain.events.followed_rankings import FollowedRankings
from domain.store.postgres.actions.batches import move_batch
from domain.store.postgres.actions.outcomes import find_scored_batch
from domain.store.store import Store


def broadcast_batch(
    store: Store, *, board: BoardId, batch_id: UUID, followed: FollowedRankings | None = None
) -> LinkOutcome:
    """Publish what the batch applied or took back and move it to DONE; else only move it.

    May run twice: the script publishes a batch once. `followed` publishes the batch's rankings to
    those who follow them. Raises DatabaseUnavailableError and RedisUnavailableError.
    """
    with store.autocommit() as connection:
        batch = find_scored_batch(connection, batch_id=batch_id, stage=BROADCAST.before)
        if batch is None:
            return LinkOutcome.NOT_ITS_TURN
        changed = [
            outcome._replace(score_delta=-outcome.score_delta) if outcome.is_taken_back else outcome
            for outcome in batch.outcomes
            if outcome.new_score is not None
        ]
        if changed:
            publish_changes(
                store, board=board, batch_id=batch_id, changed=changed, now=datetime.now(UTC)
            )
        if batch.rankings and followed is not None:
            followed.publish(store, rankings=batch.rankings)
        move_batch(connection, batch_id=batch_id, link=BROADCAST)
    return LinkOutcome.MOVED
