"""Submitting batches: the first link that a batch needs goes to the broker as one message.

Called by the web process after intake, and by the keeper for stalled batches.
"""

import functools
from uuid import UUID

from domain.actions.chain import FIRST_STAGE, Stage, list_links_from
from domain.settings import settings_of_process
from domain.store.redis.client import RedisClient, connect_redis
from domain.store.redis.queues import push_message
from workers.messages.chain_messages import QUEUE, encode, make_message
from workers.messages.shown_chains import ShownChains


def submit_batch(batch_id: UUID, *, stage: Stage = FIRST_STAGE) -> None:
    """Send the first link that a batch at `stage` still needs to the broker.

    Takes about the client's TIMEOUT_SECONDS when the broker does not answer. The message is a hint:
    when it is lost, the batch waits until the keeper looks. Raises RedisUnavailableError.
    """
    links = list_links_from(stage)
    if links:
        message = make_message(links[0], batch_id, is_shown=_get_shown_chains().choose())
        push_message(_get_redis(), QUEUE, encode(message))


@functools.cache
def _get_redis() -> RedisClient:
    """Return this process's client for publishing: the store is not at hand where it is called."""
    return connect_redis(settings_of_process().redis_url)


@functools.cache
def _get_shown_chains() -> ShownChains:
    return ShownChains(settings_of_process().flower_chains_per_second)
