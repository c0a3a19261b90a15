"""Submitting batches: the rest of the chain goes to the broker as one message.

Called by the web process after intake, and by the keeper for stalled batches.
"""

import functools
from typing import Any
from uuid import UUID

from celery import chain
from kombu.exceptions import LimitExceeded, OperationalError

from domain.actions.chain import FIRST_STAGE, Stage, list_links_from
from domain.errors import RedisUnavailableError
from workers.celery import app
from workers.tasks import TASKS

PUBLISH_TIMEOUT_SECONDS = 0.3
# One for each thread of a process that publishes; the keeper has two threads.
PUBLISHING_CONNECTIONS = 2


def submit_batch(batch_id: UUID, *, stage: Stage = FIRST_STAGE) -> None:
    """Send the links that a batch at `stage` still needs to the broker, as one chain.

    Takes about PUBLISH_TIMEOUT_SECONDS when the broker does not answer. The message is a hint: when
    it is lost, the batch waits until the keeper looks. Raises RedisUnavailableError.
    """
    # Headers set on a chain reach only its first link, so each link gets them.
    headers = {"batch_id": str(batch_id)}
    expression = chain(
        *(
            TASKS[link].si(batch_id=str(batch_id)).set(headers=headers)
            for link in list_links_from(stage)
        )
    )
    try:
        with _get_connections().acquire(block=True, timeout=PUBLISH_TIMEOUT_SECONDS) as connection:
            # Not `producer=`: a chain drops it, and would publish through the app's own pool.
            expression.apply_async(retry=False, connection=connection)
    except (OperationalError, LimitExceeded) as error:
        raise RedisUnavailableError from error


@functools.cache
def _get_connections() -> Any:
    """Return this process's pool of connections for publishing, which give up soon.

    Apart from those of Celery's app: a consumer needs patience, a publisher must not have any.
    `retry=False` speaks of the publish only: without `max_retries` kombu tries to connect for six
    seconds, and a keeper that waits so long for each batch runs none.
    """
    connection = app.connection_for_write(
        transport_options={
            "socket_timeout": PUBLISH_TIMEOUT_SECONDS,
            "socket_connect_timeout": PUBLISH_TIMEOUT_SECONDS,
            "max_retries": 0,
        }
    )
    return connection.Pool(PUBLISHING_CONNECTIONS)
