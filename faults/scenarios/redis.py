"""Redis emptied, gone, standing still, full, and answering into the void."""

import signal
from typing import Any

from redis import Redis

from faults.answers import find_slow_or_failed, p99
from faults.client import Sent
from faults.model import Scenario, Strike

DETECTED_SECONDS = 2.0
"""Within it two time-outs of 0.3 s have opened every breaker, also on a busy machine."""
BLOCKED_SECONDS = 0.5
ANSWERED_SECONDS = 1.0
ANSWERED_SHARE = 0.999
LOST_SHARE = 0.02


def flush(strike: Strike) -> None:
    """Empty it every two seconds: board, queues, stream and all."""
    with strike.stores.redis() as redis:
        redis.flushall()
        while strike.lasts(2.0):
            redis.flushall()


def be_down(strike: Strike) -> None:
    """Kill it and let it lie."""
    strike.stores.valkey.end(signal.SIGKILL)
    while strike.lasts(1.0):
        pass


def restart(strike: Strike) -> None:
    """Kill it and start it again, over and over: what it wrote last may be gone."""
    while strike.lasts_about(0.5):
        strike.stores.valkey.end(signal.SIGKILL)
        strike.lasts_about(0.5)
        strike.stores.valkey.start()


def stand_still(strike: Strike) -> None:
    """Stop it where it stands: connections stay open and nothing comes back."""
    strike.stores.valkey.stall()
    while strike.lasts(1.0):
        pass


def lose_replies(strike: Strike) -> None:
    """Let it do what it is asked, and break the connection instead of saying so."""
    proxy = strike.stores.valkey_proxy
    lost_before = proxy.lost
    proxy.lose_answers(lambda _: strike.chance.random() < LOST_SHARE)
    while strike.lasts(1.0):
        pass
    if proxy.lost == lost_before:
        strike.problems.append("no reply was lost: nothing was tried")


def be_full(strike: Strike) -> None:
    """Give it no memory: it answers reads, and refuses whatever it would have to keep."""
    with strike.stores.redis() as redis:
        redis.config_set("maxmemory", 1)
        refused_before = _count_refused(redis)
        while strike.lasts(1.0):
            pass
        refused = _count_refused(redis) - refused_before
        redis.config_set("maxmemory", 0)
    if not refused:
        strike.problems.append("no command was refused: nothing was tried")


def _count_refused(redis: Redis) -> int:
    errors: Any = redis.info("errorstats")
    return int(errors.get("errorstat_OOM", {}).get("count", 0))


def find_held_up(strike: Strike, sent: list[Sent]) -> list[str]:
    """A Redis that takes nothing costs nobody an answer, and hardly any time."""
    return find_slow_or_failed(strike, sent, p99_seconds=ANSWERED_SECONDS)


def find_unanswered(strike: Strike, sent: list[Sent]) -> list[str]:
    """Without Redis every POST is answered 202 and quickly, and reads are served."""
    meanwhile = strike.during(sent)
    actions = [one for one in meanwhile if one.kind == "action"]
    reads = [one for one in meanwhile if one.kind == "read"]
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


def find_blocked(strike: Strike, sent: list[Sent]) -> list[str]:
    """Once it is known that Redis stands still, nobody waits for it."""
    meanwhile = strike.during(sent, after_seconds=DETECTED_SECONDS)
    slowest = p99(meanwhile)
    problems = []
    if not meanwhile:
        problems.append("nothing was sent while Redis stood still: it was too short")
    if slowest > BLOCKED_SECONDS:
        problems.append(f"p99 was {slowest:.2f} s while Redis stood still")
    bad = [one.status for one in meanwhile if one.status not in (200, 202)]
    if bad:
        problems.append(f"answers while Redis stood still: {sorted(set(bad))}")
    return problems


SCENARIOS = (
    Scenario(name="redis-flushed", strike=flush),
    Scenario(name="redis-down", strike=be_down, find_problems=find_unanswered, whole_run=True),
    Scenario(name="redis-restarted", strike=restart),
    Scenario(name="redis-stalled", strike=stand_still, find_problems=find_blocked),
    Scenario(name="redis-replies-lost", strike=lose_replies),
    Scenario(name="redis-full", strike=be_full, find_problems=find_held_up),
)
