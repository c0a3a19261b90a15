"""Redis emptied, killed, stalled, full, and with lost answers."""

import signal
from typing import Any

from redis import Redis

from faults.answers import find_slow_or_failed, p99
from faults.client import Sent
from faults.scenario import Injection, Scenario

DETECTED_SECONDS = 2.0
"""Within this time two time-outs of 0.3 s open every circuit breaker, on a busy machine too."""
BLOCKED_SECONDS = 0.5
ANSWERED_SECONDS = 1.0
ANSWERED_SHARE = 0.999
LOST_SHARE = 0.02


def flush(injection: Injection) -> None:
    """Empty it every two seconds: board, queues, stream and everything else."""
    with injection.stores.redis() as redis:
        redis.flushall()
        while injection.lasts(2.0):
            redis.flushall()


def shut_down(injection: Injection) -> None:
    """Kill it and do not start it."""
    injection.stores.valkey.stop(signal.SIGKILL)
    while injection.lasts(1.0):
        pass


def restart(injection: Injection) -> None:
    """Kill it and start it again, repeatedly: its last writes may be lost."""
    while injection.lasts_about(0.5):
        injection.stores.valkey.stop(signal.SIGKILL)
        injection.lasts_about(0.5)
        injection.stores.valkey.start()


def stall(injection: Injection) -> None:
    """Pause it: connections stay open and nothing is answered."""
    injection.stores.valkey.stall()
    while injection.lasts(1.0):
        pass


def lose_replies(injection: Injection) -> None:
    """Let it execute commands, and close connections instead of forwarding the answers."""
    proxy = injection.stores.valkey_proxy
    lost_before = proxy.lost
    proxy.lose_answers(lambda _: injection.chance.random() < LOST_SHARE)
    while injection.lasts(1.0):
        pass
    if proxy.lost == lost_before:
        injection.problems.append("no answer was lost: the fault had no effect")


def fill(injection: Injection) -> None:
    """Give it no memory: it answers reads and refuses writes."""
    with injection.stores.redis() as redis:
        redis.config_set("maxmemory", 1)
        refused_before = _count_refused(redis)
        while injection.lasts(1.0):
            pass
        refused = _count_refused(redis) - refused_before
        redis.config_set("maxmemory", 0)
    if not refused:
        injection.problems.append("no command was refused: the fault had no effect")


def _count_refused(redis: Redis) -> int:
    errors: Any = redis.info("errorstats")
    return int(errors.get("errorstat_OOM", {}).get("count", 0))


def find_slow_or_failed_requests(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow and failed requests: a Redis that refuses writes must cause none."""
    return find_slow_or_failed(injection, sent, p99_seconds=ANSWERED_SECONDS)


def find_unanswered(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow or failed requests: without Redis a POST gets a quick 202 and reads work."""
    during = injection.during(sent)
    actions = [one for one in during if one.kind == "action"]
    reads = [one for one in during if one.kind == "read"]
    problems = []
    answered = sum(one.status == 202 for one in actions)
    if not actions or answered < ANSWERED_SHARE * len(actions):
        problems.append(f"only {answered} of {len(actions)} actions were answered 202")
    slowest = p99(actions)
    if slowest > ANSWERED_SECONDS:
        problems.append(f"p99 of a POST was {slowest:.2f} s without Redis")
    if not reads or any(one.status != 200 for one in reads):
        problems.append(f"reads were answered {sorted({one.status for one in reads})}")
    return problems


def find_blocked(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow or failed requests after the circuit breakers have opened."""
    during = injection.during(sent, after_seconds=DETECTED_SECONDS)
    slowest = p99(during)
    problems = []
    if not during:
        problems.append("nothing was sent while Redis was stalled: the fault was too short")
    if slowest > BLOCKED_SECONDS:
        problems.append(f"p99 was {slowest:.2f} s while Redis was stalled")
    bad = [one.status for one in during if one.status not in (200, 202)]
    if bad:
        problems.append(f"answers while Redis was stalled: {sorted(set(bad))}")
    return problems


SCENARIOS = (
    Scenario(name="redis-flushed", inject=flush),
    Scenario(name="redis-down", inject=shut_down, find_problems=find_unanswered, whole_run=True),
    Scenario(name="redis-restarted", inject=restart),
    Scenario(name="redis-stalled", inject=stall, find_problems=find_blocked),
    Scenario(name="redis-replies-lost", inject=lose_replies),
    Scenario(name="redis-full", inject=fill, find_problems=find_slow_or_failed_requests),
)
