"""The pipeline's metrics, counted at its edges, by the specification's names where it has them."""

import functools
from collections import Counter as Counted
from collections.abc import Iterable, Sequence

from prometheus_client import Counter, Gauge, Histogram

from domain.actions.chain import CHAIN
from domain.actions.effects import Effects
from domain.actions.model import Status
from domain.actions.recovery import Remedy
from domain.fraud.checks.table import CHECKS_BY_NAME, REASONS
from domain.fraud.model import Screening, Verdict
from domain.fraud.screening import ScreeningOutcome
from domain.fraud.shadowing import read_shadow_verdict
from domain.store.store import Store

score_updates = Counter("score_update_total", "Actions applied to a score")
fraud_checks = Counter("fraud_checks_total", "Fraud verdicts", ["verdict", "reason"])
policy_verdicts = Counter(
    "laurel_fraud_verdicts_total",
    "Verdicts of the live policy, and of the one that judges beside it in shadow",
    ["policy", "verdict"],
)
check_seconds = Counter(
    "laurel_fraud_check_seconds_total",
    "Time in a check, of the first action of each batch",
    ["check"],
)
checks_timed = Counter("laurel_fraud_checks_timed_total", "Actions whose checks were timed")
model_unavailable = Counter(
    "laurel_fraud_model_unavailable_total",
    "Actions judged without the model, which is missing, cannot be read or is too slow",
)
link_seconds = Histogram(
    "laurel_pipeline_stage_seconds",
    "Time one link took for one batch",
    ["link"],
    buckets=(0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10),
)
recoveries = Counter(
    "laurel_pipeline_recoveries_total", "What the keeper did to stalled batches", ["remedy"]
)
board_rebuilds = Counter("laurel_leaderboard_rebuilds_total", "Rebuilds of the sorted set")
board_repairs = Counter(
    "laurel_leaderboard_repairs_total", "Standings that a comparison had to repair"
)
queue_age = Gauge(
    "laurel_pipeline_queue_age_seconds",
    "Age of the oldest action that has not been scored",
    multiprocess_mode="mostrecent",
)
# Processes that have ended do not count: see `web/metrics.py`.
breakers_open = Gauge(
    "laurel_redis_breakers_open",
    "Processes whose circuit breaker for Redis is open",
    multiprocess_mode="livesum",
)
breaker_openings = Counter(
    "laurel_redis_breaker_openings_total", "Times that a circuit breaker opened"
)
redis_errors = Counter(
    "laurel_redis_errors_total", "Commands that Redis answered with an error, by its code", ["code"]
)
messages_dropped = Counter(
    "laurel_broker_messages_dropped_total",
    "Messages of the broker that no task could be made of",
    ["cause"],
)
period_seals = Counter(
    "laurel_period_seals_total",
    "Seals of closed rankings, the first of a period or one after late decisions",
    ["kind"],
)
rewards_granted = Counter("laurel_rewards_granted_total", "Rewards granted when a period closed")
periods_overdue = Gauge(
    "laurel_period_overdue_seconds",
    "How long the oldest period without its seal has been over",
    multiprocess_mode="mostrecent",
)
players_expired = Counter(
    "laurel_rolling_players_expired_total",
    "Times that a player lost a bucket of time of a rolling board",
)
rankings_removed = Counter(
    "laurel_rankings_removed_total", "Closed rankings removed, beyond those that boards keep"
)
checkpoints = Counter("laurel_audit_checkpoints_total", "Checkpoints signed of the audit log")
checkpoint_failures = Counter(
    "laurel_audit_checkpoint_failures_total",
    "Rounds in which the audit log could not be signed or the file of checkpoints not written, by"
    " what was wrong",
    ["cause"],
)
unsigned_entries = Gauge(
    "laurel_audit_unsigned_entries",
    "Entries of the audit log behind the last checkpoint, when it was last looked",
    multiprocess_mode="mostrecent",
)
held_actions = Gauge(
    "laurel_held_actions",
    "Actions held for review, counted up to 10000",
    multiprocess_mode="mostrecent",
)
queue_length = Gauge(
    "laurel_queue_length",
    "Messages of a queue that no worker has taken",
    ["queue"],
    multiprocess_mode="mostrecent",
)
pool_in_use = Gauge(
    "laurel_database_pool_in_use",
    "Connections to PostgreSQL that are in use",
    ["pool"],
    multiprocess_mode="livesum",
)
pool_size = Gauge(
    "laurel_database_pool_size",
    "Connections to PostgreSQL that may be in use",
    ["pool"],
    multiprocess_mode="livesum",
)
background_failures = Counter(
    "laurel_background_failures_total", "Steps of background threads that failed", ["thread"]
)


# A series that appears with its first event hides that event from `increase()`.
for _link in CHAIN:
    link_seconds.labels(_link.name)
for _remedy in Remedy:
    recoveries.labels(_remedy)
for _kind in ("first", "further"):
    period_seals.labels(_kind)
for _cause in ("log", "key", "file"):
    checkpoint_failures.labels(_cause)
for _verdict in Verdict:
    for _policy in ("live", "shadow"):
        policy_verdicts.labels(_policy, _verdict)
for _check in CHECKS_BY_NAME:
    check_seconds.labels(_check)
fraud_checks.labels(Verdict.PASS, "")
for _verdict in (Verdict.QUARANTINE, Verdict.REJECT):
    for _reason in REASONS:
        fraud_checks.labels(_verdict, _reason)


def watch_store(store: Store) -> None:
    """Show from now on the use of the pools, and whether the circuit breaker for Redis is open.

    Every process with a store calls it once, which also overwrites the values of an earlier
    process with the same id.
    """
    store.redis.on_breaker_change(_show_breaker)
    store.redis.on_error(lambda code: redis_errors.labels(code).inc())
    for pool, size in store.watch_pools(_show_pool).items():
        pool_size.labels(pool).set(size)
        pool_in_use.labels(pool).set(0)


# Twice for every transaction; looking a series up takes longer than setting it.
_pool_series = functools.cache(pool_in_use.labels)


def _show_pool(pool: str, in_use: int) -> None:
    _pool_series(pool).set(in_use)


def _show_breaker(is_open: bool) -> None:
    breakers_open.set(is_open)
    if is_open:
        breaker_openings.inc()


def count_screening(outcome: ScreeningOutcome) -> None:
    """Count what one batch was judged, and what that took."""
    screenings = outcome.screenings
    _count_verdicts(screenings)
    _count_policy("live", (screening.verdict for screening in screenings))
    if outcome.has_shadow:
        _count_policy("shadow", map(read_shadow_verdict, screenings))
    if outcome.unavailable:
        model_unavailable.inc(outcome.unavailable)
    if outcome.spent_us:
        checks_timed.inc()
    for check, spent_us in outcome.spent_us.items():
        _check_series(check).inc(spent_us / 1_000_000)


_check_series = functools.cache(check_seconds.labels)


def _count_policy(policy: str, verdicts: Iterable[Verdict]) -> None:
    for verdict, count in Counted(verdicts).items():
        policy_verdicts.labels(policy, verdict).inc(count)


def _count_verdicts(screenings: Sequence[Screening]) -> None:
    """Count the verdicts of one batch by verdict and reason."""
    tally = Counted((screening.verdict, screening.reason) for screening in screenings)
    for (verdict, reason), count in tally.items():
        fraud_checks.labels(verdict, reason or "").inc(count)


def count_effects(effects: Effects) -> None:
    """Count the actions of one batch that were applied."""
    applied = sum(1 for effect in effects.actions if effect.status is Status.APPLIED)
    if applied:
        score_updates.inc(applied)
