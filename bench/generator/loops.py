"""The two load models: a closed loop (send after each answer) and an open loop (fixed rate)."""

import random
from collections import Counter, deque
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Protocol

from bench.generator.connection import Connection, Pool, now
from rig.http_messages import BROKEN

LONGEST_WAIT_SECONDS = 0.05
GIVE_UP_SECONDS = 15.0  # longer than any wait the API allows


class Traffic(Protocol):
    """Supplies the requests and records their answers."""

    def next_request(self) -> tuple[bytes, Any] | None:
        """Return a request and its entry, which is not None; or None when there are no more."""

    def record_answer(self, entry: Any, status: int, body: bytes) -> None:
        """Record the answer to a request; the status is BROKEN when there is none."""


@dataclass
class Outcome:
    """What one run measured; latencies, in seconds, of answers inside the measured window."""

    measured_seconds: float = 0.0
    latencies: dict[int, list[float]] = field(default_factory=dict)
    statuses: Counter[int] = field(default_factory=Counter)
    unanswered: int = 0
    delays: list[float] = field(default_factory=list)
    # Latencies with the times of their answers since the window opened.
    answered_at: list[tuple[float, float]] = field(default_factory=list)


@dataclass
class _Window:
    opens_at: float
    closes_at: float
    outcome: Outcome

    def record(self, status: int, counts_from: float, at: float) -> None:
        self.outcome.statuses[status] += 1
        if self.opens_at <= at <= self.closes_at:
            self.outcome.latencies.setdefault(status, []).append(at - counts_from)
            self.outcome.answered_at.append((at - self.opens_at, at - counts_from))


def run_closed(pool: Pool, traffic: Traffic, *, lead_seconds: float, seconds: float) -> Outcome:
    """Keep every connection busy: each answer is followed by the next request.

    Answers in the first `lead_seconds` and after the end are not measured.
    """
    outcome = Outcome(measured_seconds=seconds)
    opens_at = now() + lead_seconds
    window = _Window(opens_at, opens_at + seconds, outcome)
    while pool.idle:
        _send_next(pool, pool.idle.pop(), traffic, now())
    while pool.busy and now() < window.closes_at + GIVE_UP_SECONDS:
        for connection, at in _record_answers(pool, traffic, window, LONGEST_WAIT_SECONDS):
            if at < window.closes_at:
                _send_next(pool, connection, traffic, now())
    _give_up(pool, traffic, outcome)
    return outcome


def run_open(
    pool: Pool, traffic: Traffic, *, rate: float, lead_seconds: float, seconds: float, seed: int = 1
) -> Outcome:
    """Send at random times of a Poisson process, independent of the answers.

    Latency counts from the time at which a request was due. A server that stalls is therefore
    charged for all requests due during the stall (no coordinated omission).
    """
    outcome = Outcome(measured_seconds=seconds)
    started = now()
    window = _Window(started + lead_seconds, started + lead_seconds + seconds, outcome)
    arrivals = _arrivals(started, window.closes_at, rate, random.Random(seed))  # noqa: S311 - load
    due = next(arrivals, None)
    waiting: deque[float] = deque()
    while due is not None or waiting or pool.busy:
        at = now()
        if at > window.closes_at + GIVE_UP_SECONDS:
            break
        while due is not None and due <= at:
            waiting.append(due)
            due = next(arrivals, None)
        while waiting and pool.idle:
            outcome.delays.append(now() - waiting[0])
            _send_next(pool, pool.idle.pop(), traffic, waiting.popleft())
        pause = LONGEST_WAIT_SECONDS if due is None else due - now()
        for connection, _ in _record_answers(
            pool, traffic, window, min(pause, LONGEST_WAIT_SECONDS)
        ):
            pool.idle.append(connection)
    _give_up(pool, traffic, outcome)
    outcome.unanswered += len(waiting)
    return outcome


def _give_up(pool: Pool, traffic: Traffic, outcome: Outcome) -> None:
    """Record the requests in flight as BROKEN: their outcome is unknown."""
    for entry in pool.unanswered():
        outcome.unanswered += 1
        traffic.record_answer(entry, BROKEN, b"")


def _arrivals(start: float, end: float, rate: float, chance: random.Random) -> Iterator[float]:
    at = start + chance.expovariate(rate)
    while at < end:
        yield at
        at += chance.expovariate(rate)


def _send_next(pool: Pool, connection: Connection, traffic: Traffic, counts_from: float) -> None:
    """Send the next request, if there is one; a request that cannot be sent is BROKEN."""
    while True:
        request = traffic.next_request()
        if request is None:
            return
        if pool.send(connection, *request, counts_from):
            return
        traffic.record_answer(request[1], BROKEN, b"")


def _record_answers(
    pool: Pool, traffic: Traffic, window: _Window, seconds: float
) -> Iterator[tuple[Connection, float]]:
    """Record the answers that have arrived; yield each connection and the time."""
    for connection, status, body in pool.answers(seconds):
        at = now()
        window.record(status, connection.counts_from, at)
        entry, connection.entry = connection.entry, None
        traffic.record_answer(entry, status, body)
        yield connection, at
