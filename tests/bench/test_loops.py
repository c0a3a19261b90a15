"""The generator's loops: what is counted, when a latency begins, what becomes of broken ones."""

import time
from collections.abc import Iterator

import pytest

from bench.generator.loops import run_closed, run_open
from rig.connection import BROKEN, Pool, split_answer
from tests.bench.server import OK, Behaviour, serving

REQUEST = b"GET / HTTP/1.1\r\n\r\n"


class Numbers:
    """Traffic that numbers its requests and remembers what came of each."""

    def __init__(self, most: int = 1_000_000) -> None:
        self._numbers: Iterator[int] = iter(range(1, most + 1))
        self.answers: dict[int, int] = {}

    def next_request(self) -> tuple[bytes, int] | None:
        number = next(self._numbers, None)
        return None if number is None else (REQUEST, number)

    def record_answer(self, entry: int, status: int, _body: bytes) -> None:
        assert entry not in self.answers
        self.answers[entry] = status


@pytest.mark.parametrize(
    ("buffer", "answer"),
    [
        (OK, (200, b"ok", b"")),
        (OK + b"HTTP", (200, b"ok", b"HTTP")),
        (b"HTTP/1.1 503 No\r\nContent-Length: 3\r\nA: b\r\n\r\nabc", (503, b"abc", b"")),
        (b"HTTP/1.1 204 No Content\r\nA: b\r\n\r\n", (204, b"", b"")),
        (OK[:-1], None),
        (OK[:20], None),
    ],
)
def test_an_answer_is_taken_apart_once_it_is_whole(
    buffer: bytes, answer: tuple[int, bytes, bytes] | None
) -> None:
    assert split_answer(buffer) == answer


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


def test_an_open_loop_charges_a_stall_to_all_who_were_due_meanwhile() -> None:
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


def test_a_broken_connection_is_replaced_and_its_request_written_down_as_broken() -> None:
    traffic = Numbers(most=30)
    with serving(lambda number: None if number == 7 else OK) as port:
        pool = Pool(("127.0.0.1", port), 2)
        outcome = run_closed(pool, traffic, lead_seconds=0.0, seconds=600.0)
        pool.close()
    assert outcome.statuses == {200: 29, BROKEN: 1}
    assert sorted(traffic.answers.values()) == [BROKEN] + [200] * 29


def test_what_is_never_answered_is_written_down_as_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("bench.generator.loops.GIVE_UP_SECONDS", 0.1)
    traffic = Numbers()
    with serving(lambda number: OK if number < 5 else b"") as port:
        pool = Pool(("127.0.0.1", port), 3)
        outcome = run_closed(pool, traffic, lead_seconds=0.0, seconds=0.1)
        pool.close()
    assert outcome.unanswered == 3
    assert sorted(traffic.answers.values()) == [BROKEN] * 3 + [200] * 5


def slowly(seconds: float) -> Behaviour:
    """Answer every request after so long."""

    def behave(_number: int) -> bytes:
        time.sleep(seconds)
        return OK

    return behave
