"""The load loops: what is counted, when a latency begins, how broken requests are recorded."""

import time
from collections.abc import Iterator

import pytest

from bench.generator.connection import Pool
from bench.generator.loops import run_closed, run_open
from rig.http_messages import BROKEN
from tests.rig.server import OK, Behaviour, serving

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


class Numbers:
    """Traffic that numbers its requests and keeps the status of each."""

    def __init__(self, most: int = 1_000_000) -> None:
        self._numbers: Iterator[int] = iter(range(1, most + 1))
        self.answers: dict[int, int] = {}

    def next_request(self) -> tuple[bytes, int] | None:
        number = next(self._numbers, None)
        return None if number is None else (REQUEST, number)

    def record_answer(self, entry: int, status: int, _body: bytes) -> None:
        assert entry not in self.answers
        self.answers[entry] = status


def test_a_closed_loop_counts_only_what_is_answered_inside_the_window() -> None:
    traffic = Numbers()
    with serving(slowly(0.02)) as port:
        pool = Pool(("127.0.0.1", port), 4)
        outcome = run_closed(pool, traffic, lead_seconds=0.2, seconds=0.4)
        pool.close()
    counted = len(outcome.latencies[200])
    assert outcome.measured_seconds == 0.4
    assert min(outcome.latencies[200]) >= 0.02
    assert 0 < counted < outcome.statuses[200] == len(traffic.answers)
    assert outcome.unanswered == 0


def test_a_closed_loop_ends_when_there_is_nothing_more_to_send() -> None:
    traffic = Numbers(most=10)
    with serving(lambda _: OK) as port:
        pool = Pool(("127.0.0.1", port), 3)
        outcome = run_closed(pool, traffic, lead_seconds=0.0, seconds=600.0)
        pool.close()
    assert traffic.answers == dict.fromkeys(range(1, 11), 200)
    assert outcome.statuses == {200: 10}


def test_an_open_loop_charges_a_stall_to_all_requests_that_were_due() -> None:
    stall = 0.5

    def stall_once(number: int) -> bytes:
        if number == 20:
            time.sleep(stall)
        return OK

    traffic = Numbers()
    with serving(stall_once) as port:
        pool = Pool(("127.0.0.1", port), 1)
        outcome = run_open(pool, traffic, rate=200, lead_seconds=0.0, seconds=1.0)
        pool.close()
    slow = [seconds for seconds in outcome.latencies[200] if seconds > stall / 2]
    # About a hundred were due during the stall, and half of them waited for more than half of it.
    # Counted from when they were sent, one alone would have been slow.
    assert len(slow) > 25
    assert len(traffic.answers) == outcome.statuses[200] > 150


def test_a_broken_connection_is_replaced_and_its_request_is_recorded_as_broken() -> None:
    traffic = Numbers(most=30)
    with serving(lambda number: None if number == 7 else OK) as port:
        pool = Pool(("127.0.0.1", port), 2)
        outcome = run_closed(pool, traffic, lead_seconds=0.0, seconds=600.0)
        pool.close()
    assert outcome.statuses == {200: 29, BROKEN: 1}
    assert sorted(traffic.answers.values()) == [BROKEN] + [200] * 29


def test_a_request_without_an_answer_is_recorded_as_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.generator.loops.GIVE_UP_SECONDS", 0.1)
    traffic = Numbers()
    with serving(lambda number: OK if number < 5 else b"") as port:
        pool = Pool(("127.0.0.1", port), 3)
        outcome = run_closed(pool, traffic, lead_seconds=0.0, seconds=0.1)
        pool.close()
    assert outcome.unanswered == 3
    assert sorted(traffic.answers.values()) == [BROKEN] * 3 + [200] * 5


def slowly(seconds: float) -> Behaviour:
    """Answer every request after this long."""

    def behave(_number: int) -> bytes:
        time.sleep(seconds)
        return OK

    return behave
