"""Gauges of what waits, read from the stores by the keeper, every few seconds and with a bound."""

from domain.store.postgres.actions.reviews import count_held_actions
from domain.store.redis.queues import QUEUES, read_queue_lengths
from domain.store.store import Store
from workers import metrics

# Counting reads one row for each held action.
MOST_HELD = 10_000


def measure_held_actions(store: Store) -> None:
    """Show how many actions are held, MOST_HELD at most. Raises DatabaseUnavailableError."""
    with store.read() as connection:
        metrics.held_actions.set(count_held_actions(connection, most=MOST_HELD))


def measure_queues(store: Store) -> None:
    """Show the length of each queue; while Redis is away, the last one is kept.

    Raises RedisUnavailableError when it is not known to be away yet.
    """
    if not store.redis.usable:
        return
    for queue, length in read_queue_lengths(store.redis, QUEUES).items():
        metrics.queue_length.labels(queue).set(length)
