"""The pipeline: the chain of five links over one batch, and how it is handed to the broker."""

from uuid import UUID

from celery import chain
from kombu.exceptions import OperationalError

from domain.actions.model import Stage
from domain.errors import RedisUnavailableError
from workers.celery import app
from workers.tasks import (
    audit_batch,
    broadcast_batch,
    refresh_batch,
    score_batch,
    screen_batch,
)

PUBLISH_TIMEOUT_SECONDS = 0.3

CHAIN = {
    Stage.ACCEPTED: screen_batch,
    Stage.SCREENED: score_batch,
    Stage.SCORED: refresh_batch,
    Stage.REFRESHED: audit_batch,
    Stage.AUDITED: broadcast_batch,
}


def submit_batch(batch_id: UUID, *, stage: Stage = Stage.ACCEPTED) -> None:
    """Hand the rest of the chain, from the link after `stage` on, to the broker.

    The message is a hint to look; losing it delays the batch until the keeper looks. Raises
    RedisUnavailableError.
    """
    stages = list(CHAIN)
    links = [CHAIN[later] for later in stages[stages.index(stage) :]]
    # Headers set on a chain reach only its first link, so each one gets them.
    headers = {"batch_id": str(batch_id)}
    expression = chain(*(link.si(batch_id=str(batch_id)).set(headers=headers) for link in links))
    try:
        expression.apply_async(retry=False)
    except OperationalError as error:
        raise RedisUnavailableError from error


def publish_quickly() -> None:
    """Bound every publish of this process to PUBLISH_TIMEOUT_SECONDS; not for consumers.

    `retry=False` speaks of the publish only: without `max_retries` kombu tries to connect for six
    seconds, and a keeper that waits so long for each batch brings on none.
    """
    app.conf.broker_transport_options = {
        **app.conf.broker_transport_options,
        "socket_timeout": PUBLISH_TIMEOUT_SECONDS,
        "socket_connect_timeout": PUBLISH_TIMEOUT_SECONDS,
        "max_retries": 0,
    }
