"""Thousands of sockets: two thousand of them cut in one moment, then all by a killed process."""

import json
import signal
from dataclasses import asdict

from faults.answers import find_slow_or_failed
from faults.child import Child
from faults.children.crowd import Answer, Job
from faults.client import Sent
from faults.model import FINAL_SECONDS, Scenario, Setup, Strike

SOCKETS = 3000
DROPPED = 2000
ANSWERED_SECONDS = 1.0


def come_back_at_once(strike: Strike) -> None:
    """Open them beside the load, cut two thousand in one moment, then kill who holds them all."""
    stack = strike.system.stack
    job = Job(
        live_port=int(stack.env["LIVE_PORT"]),
        players=str(stack.home.secrets / "players.tsv"),
        count=SOCKETS,
    )
    with Child(stack.root, "faults.children.crowd") as crowd:
        crowd.tell(json.dumps(asdict(job)))
        crowd.hear()
        crowd.tell(f"drop {DROPPED}")
        _judge(strike, crowd, "dropped", DROPPED)
        strike.system.send("live", signal.SIGKILL)
        crowd.tell(f"wait {SOCKETS}")
        _judge(strike, crowd, "killed", SOCKETS)
    while strike.lasts(1.0):
        pass


def _judge(strike: Strike, crowd: Child, what: str, cut: int) -> None:
    answer = Answer(**json.loads(crowd.hear()))
    if answer.missing:
        strike.problems.append(f"{what}: {answer.missing} sockets did not come back")
    if answer.cut < cut:
        strike.problems.append(f"{what}: only {answer.cut} sockets were cut: nothing was tried")
    if answer.slowest_seconds > FINAL_SECONDS:
        strike.problems.append(f"{what}: the last was back after {answer.slowest_seconds} s")


def find_slowed(strike: Strike, sent: list[Sent]) -> list[str]:
    """Return what players felt of it; they should feel nothing."""
    return find_slow_or_failed(strike, sent, p99_seconds=ANSWERED_SECONDS)


SCENARIOS = (
    Scenario(
        name="2000-sockets-come-back-at-once",
        strike=come_back_at_once,
        find_problems=find_slowed,
        whole_run=True,
        setup=Setup(env={"MAX_SOCKETS_PER_USER": "20"}),
    ),
)
