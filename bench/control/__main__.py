"""`python -m bench.control WORKERS`: keeps a number of the control's chains in flight.

A separate process with the job and report of the HTTP generator. It publishes the chains itself:
the control needs no web server, which favours it in the comparison.
"""

import json
import random
import sys
import time
import uuid
from collections import Counter
from dataclasses import asdict
from pathlib import Path
from typing import Any

from bench.control.app import app, make_redis
from bench.control.tasks import DONE, chain_of
from bench.generator.job import Job, Report
from bench.generator.percentiles import percentiles_ms
from rig.players import read_players

GIVE_UP_SECONDS = 60.0
POLL_SECONDS = 0.05


class Drive:
    """Publishes chains and receives the messages at their ends."""

    def __init__(self, players: list[str]):
        self._players = players
        self._chance = random.Random()  # noqa: S311 - load, not a secret
        self._started_at: dict[str, float] = {}
        self._ends: Any = make_redis().pubsub(  # type: ignore[no-untyped-call]  # in redis-py
            ignore_subscribe_messages=True
        )
        self._ends.subscribe(DONE)
        while not self._ends.subscribed:
            self._ends.get_message(timeout=POLL_SECONDS)

    @property
    def in_flight(self) -> int:
        return len(self._started_at)

    def publish(self) -> None:
        """Publish the chain of a new action."""
        action_id = str(uuid.uuid4())
        self._started_at[action_id] = time.perf_counter()
        player = self._chance.choice(self._players)
        chain_of(action_id, player, self._chance.randint(100, 999)).apply_async()

    def next_end(self) -> tuple[float, float] | None:
        """Return when a chain ended and its seconds, or None when none ended for POLL_SECONDS."""
        message = self._ends.get_message(timeout=POLL_SECONDS)
        if message is None:
            return None
        now = time.perf_counter()
        return now, now - self._started_at.pop(json.loads(message["data"])["actionId"])


def main() -> None:
    """Run the job and print its report."""
    job = Job(**json.loads(sys.stdin.readline()))
    players, _ = read_players(Path(job.players))
    drive = Drive([player.user_id for player in players])
    wait_for_workers(int(sys.argv[1]))
    cpu, started = time.process_time(), time.perf_counter()
    opens_at = started + job.lead_seconds
    closes_at = opens_at + job.seconds
    latencies: list[float] = []
    statuses: Counter[str] = Counter()
    for _ in range(job.connections):
        drive.publish()
    while drive.in_flight and time.perf_counter() < closes_at + GIVE_UP_SECONDS:
        end = drive.next_end()
        if end is None:
            continue
        at, seconds = end
        statuses["200"] += 1
        if opens_at <= at <= closes_at:
            latencies.append(seconds)
        if at < closes_at:
            drive.publish()
    used, ran = time.process_time() - cpu, time.perf_counter() - started
    report = Report(
        seconds=job.seconds,
        answered=len(latencies),
        latencies_ms=percentiles_ms(latencies),
        statuses=dict(statuses),
        unanswered=drive.in_flight,
        cpu_seconds=round(used, 3),
        cpu_share=round(used / ran, 3),
    )
    json.dump(asdict(report), sys.stdout)


def wait_for_workers(count: int) -> None:
    """Wait until all workers answer: their start must not be measured."""
    deadline = time.monotonic() + GIVE_UP_SECONDS
    while len(app.control.ping(timeout=2.0, limit=count) or ()) < count:
        if time.monotonic() > deadline:
            sys.exit("the workers of the control do not answer")


if __name__ == "__main__":
    main()
