"""The gauges of what waits: held actions, queues, and connections in use."""

from dataclasses import replace
from datetime import UTC, datetime

from prometheus_client import REGISTRY

from domain.moderation.deciding import Decision, decide_action
from domain.settings import Settings
from domain.store.redis import keys
from domain.store.store import connect
from tests.factories import make_action, make_policy
from tests.pipeline import complete_actions
from workers import gauges, metrics
from workers.context import WorkerContext
from workers.keeper import Keeper


def read(name: str, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(name, labels)


def test_the_keeper_shows_held_actions_and_the_length_of_each_queue(
    worker_context: WorkerContext,
) -> None:
    held = [make_action(score=100) for _ in range(3)]
    strict = make_policy(suspicious_score_threshold=99)
    complete_actions(replace(worker_context, policy=strict), [*held, make_action(score=1)])
    worker_context.store.redis.run(
        lambda client: client.lpush(keys.broker_queue("actions"), "{}", "{}")
    )
    Keeper(worker_context).upkeep.run_due()
    assert read("laurel_held_actions") == 3
    assert read("laurel_queue_length", queue="actions") == 2
    assert read("laurel_queue_length", queue="maintenance") == 0
    decide_action(
        worker_context.store,
        action_id=held[0].action_id,
        decision=Decision.RELEASE,
        by="grace",
        reason="seen",
        now=datetime.now(UTC),
    )
    gauges.measure_held_actions(worker_context.store)
    assert read("laurel_held_actions") == 2


def test_counting_held_actions_has_a_bound(worker_context: WorkerContext) -> None:
    strict = make_policy(suspicious_score_threshold=99)
    complete_actions(
        replace(worker_context, policy=strict), [make_action(score=100) for _ in range(3)]
    )
    with worker_context.store.read() as connection:
        assert gauges.count_held_actions(connection, most=2) == 2


def test_connections_in_use_are_shown_for_each_pool(settings: Settings) -> None:
    store = connect(settings, pool_size=3)
    metrics.watch_store(store)
    for pool in ("durable", "lazy", "autocommit"):
        assert read("laurel_database_pool_size", pool=pool) == 3
        assert read("laurel_database_pool_in_use", pool=pool) == 0
    with store.write(), store.write(), store.lazy():
        assert read("laurel_database_pool_in_use", pool="durable") == 2
        assert read("laurel_database_pool_in_use", pool="lazy") == 1
        assert read("laurel_database_pool_in_use", pool="autocommit") == 0
    for pool in ("durable", "lazy", "autocommit"):
        assert read("laurel_database_pool_in_use", pool=pool) == 0
    store.close()


def test_a_connection_that_is_given_up_is_not_in_use(settings: Settings) -> None:
    store = connect(settings, pool_size=3)
    metrics.watch_store(store)
    with store.engine.connect() as connection:
        connection.invalidate()
    assert read("laurel_database_pool_in_use", pool="durable") == 0
    with store.write():
        assert read("laurel_database_pool_in_use", pool="durable") == 1
    assert read("laurel_database_pool_in_use", pool="durable") == 0
    store.close()
