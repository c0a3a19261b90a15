"""The pipeline's metrics, counted at its edges, by the specification's names where it has them."""

from collections import Counter as Counted
from collections.abc import Sequence

from prometheus_client import Counter, Gauge, Histogram

from domain.actions.effects import Effects
from domain.actions.model import Status
from domain.fraud.model import Screening
from domain.store.redis.client import RedisClient

score_updates = Counter("score_update_total", "Actions applied to a score")
fraud_checks = Counter("fraud_checks_total", "Fraud verdicts", ["verdict", "reason"])
link_seconds = Histogram(
    "pipeline_stage_seconds",
    "Time one link took for one batch",
    ["link"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
recoveries = Counter(
    "pipeline_recoveries_total", "What the keeper did to stalled batches", ["remedy"]
)
board_rebuilds = Counter("leaderboard_rebuilds_total", "Rebuilds of the sorted set")
board_repairs = Counter("leaderboard_repairs_total", "Standings that a comparison had to repair")
queue_age = Gauge(
    "pipeline_queue_age_seconds",
    "Age of the oldest action that has not been scored",
    multiprocess_mode="mostrecent",
)
# Processes that have ended do not count: see `web/metrics.py`.
breakers_open = Gauge(
    "redis_breakers_open",
    "Processes whose circuit breaker for Redis is open",
    multiprocess_mode="livesum",
)
breaker_openings = Counter("redis_breaker_openings_total", "Times that a circuit breaker opened")
redis_errors = Counter(
    "laurel_redis_errors_total", "Commands that Redis answered with an error, by its code", ["code"]
)
messages_dropped = Counter(
    "laurel_broker_messages_dropped_total",
    "Messages of the broker that no task could be made of",
    ["cause"],
)
background_failures = Counter(
    "background_failures_total", "Steps of background threads that failed", ["thread"]
)


def watch_redis(redis: RedisClient) -> None:
    """Show from now on whether this process's circuit breaker for Redis is open, and count errors.

    Every process with a RedisClient calls it once, which also overwrites the value of an earlier
    process with the same id.
    """
    redis.on_breaker_change(_show_breaker)
    redis.on_error(lambda code: redis_errors.labels(code).inc())


def _show_breaker(is_open: bool) -> None:
    breakers_open.set(is_open)
    if is_open:
        breaker_openings.inc()


def count_verdicts(screenings: Sequence[Screening]) -> None:
    """Count the verdicts of one batch by verdict and reason."""
    tally = Counted((screening.verdict, screening.reason or "") for screening in screenings)
    for (verdict, reason), count in tally.items():
        fraud_checks.labels(verdict, reason).inc(count)


def count_effects(effects: Effects) -> None:
    """Count the actions of one batch that were applied."""
    applied = sum(1 for effect in effects.actions if effect.status is Status.APPLIED)
    if applied:
        score_updates.inc(applied)
