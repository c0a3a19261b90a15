"""Thousands of sockets that reconnect at once, after a mass disconnection and after a kill."""

import json
import signal
from dataclasses import asdict

from faults.answers import find_slow_or_failed
from faults.children.crowd import Answer, Job
from faults.client import Sent
from faults.scenario import FINAL_SECONDS, Injection, Scenario, Setup
from rig.child import Child

SOCKETS = 3000
DROPPED = 2000
ANSWERED_SECONDS = 1.0


def reconnect_at_once(injection: Injection) -> None:
    """Open 3,000 sockets, abort 2,000 of them at once, then kill the process that holds them."""
    stack = injection.system.stack
    job = Job(
        live_port=stack.live_port,
        players=str(stack.home.secrets / "players.tsv"),
        count=SOCKETS,
    )
    with Child(stack.root, "faults.children.crowd") as crowd:
        crowd.send_line(json.dumps(asdict(job)))
        crowd.read_line()
        crowd.send_line(f"drop {DROPPED}")
        _judge(injection, crowd, "dropped", DROPPED)
        injection.system.send("live", signal.SIGKILL)
        crowd.send_line(f"wait {SOCKETS}")
        _judge(injection, crowd, "killed", SOCKETS)
    while injection.lasts(1.0):
        pass


def _judge(injection: Injection, crowd: Child, what: str, cut: int) -> None:
    answer = Answer(**json.loads(crowd.read_line()))
    if answer.missing:
        injection.problems.append(f"{what}: {answer.missing} sockets did not reconnect")
    if answer.cut < cut:
        injection.problems.append(f"{what}: only {answer.cut} sockets were disconnected: no effect")
    if answer.slowest_seconds > FINAL_SECONDS:
        injection.problems.append(
            f"{what}: the last was connected after {answer.slowest_seconds} s"
        )


def find_effects_on_players(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow and failed requests; there should be none."""
    return find_slow_or_failed(injection, sent, p99_seconds=ANSWERED_SECONDS)


SCENARIOS = (
    Scenario(
        name="2000-sockets-come-back-at-once",
        inject=reconnect_at_once,
        find_problems=find_effects_on_players,
        whole_run=True,
        setup=Setup(env={"MAX_SOCKETS_PER_USER": "20"}),
    ),
)
