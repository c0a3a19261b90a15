"""Actions taken through the whole pipeline in this process, as a worker would."""

from collections.abc import Sequence
from uuid import UUID

from domain.actions.chain import CHAIN
from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from workers.chain import run_link
from workers.context import WorkerContext


def complete_actions(
    context: WorkerContext, actions: Sequence[NewAction], *, reply_to: str | None = None
) -> UUID:
    """Take the actions in as one batch and run every link on it; returns the batch's id."""
    (batch,) = accept_actions(context.store, actions=actions, reply_to=reply_to).batches
    finish_batch(context, batch.batch_id)
    return batch.batch_id


def finish_batch(context: WorkerContext, batch_id: UUID) -> None:
    """Run every link for the batch; links that have run for it already do nothing."""
    for link in CHAIN:
        run_link(context, link=link, batch_id=batch_id)
