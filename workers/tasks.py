"""The five tasks of the chain: each is a name for one link."""

from typing import Any
from uuid import UUID

from domain.actions.model import Stage
from workers.celery import app
from workers.chain import run_link
from workers.context import get_context


@app.task
def screen_batch(*, batch_id: str, **_: Any) -> None:
    """Run the fraud checks of a batch."""
    run_link(get_context(), stage=Stage.ACCEPTED, batch_id=UUID(batch_id))


@app.task
def score_batch(*, batch_id: str, **_: Any) -> None:
    """Apply a batch to scores and statistics."""
    run_link(get_context(), stage=Stage.SCREENED, batch_id=UUID(batch_id))


@app.task
def refresh_batch(*, batch_id: str, **_: Any) -> None:
    """Bring a batch's standings to the board and answer who waits."""
    run_link(get_context(), stage=Stage.SCORED, batch_id=UUID(batch_id))


@app.task
def audit_batch(*, batch_id: str, **_: Any) -> None:
    """Record a batch's transitions."""
    run_link(get_context(), stage=Stage.REFRESHED, batch_id=UUID(batch_id))


@app.task
def broadcast_batch(*, batch_id: str, **_: Any) -> None:
    """Tell the listeners of a batch."""
    run_link(get_context(), stage=Stage.AUDITED, batch_id=UUID(batch_id))
