"""The checks of answers look at all requests sent during the fault, and at no others."""

import random
import time
from typing import Any, cast

from faults.answers import find_bad_answers, find_slow_or_failed, p99
from faults.client import Sent
from faults.scenario import Injection

INJECTED_AT = time.time()


def injection() -> Injection:
    """Return the injection of a fault that lasted ten seconds."""
    nothing = cast(Any, None)
    chance = random.Random(1)
    return Injection(
        nothing, nothing, [], chance, 0.0, injected_at=INJECTED_AT, healed_at=INJECTED_AT + 10
    )


def sent(status: int, *, after: float = 5.0, seconds: float = 0.1, kind: str = "action") -> Sent:
    return Sent(kind, "id", "user", 100, status, INJECTED_AT + after, seconds)


def test_the_wanted_503_is_no_problem() -> None:
    assert find_bad_answers(injection(), [sent(200), sent(202), sent(503)], wanted=503) == []


def test_without_the_wanted_status_the_fault_had_no_effect() -> None:
    outside = [sent(503, after=-1), sent(503, after=11), sent(503, kind="read")]
    (problem,) = find_bad_answers(injection(), [sent(200), *outside], wanted=503)
    assert "no effect" in problem


def test_any_other_answer_is_named() -> None:
    for bad in (0, 403, 500):
        (problem,) = find_bad_answers(injection(), [sent(503), sent(bad)], wanted=503)
        assert str(bad) in problem


def test_a_read_that_fails_is_a_failure_too() -> None:
    answers = [sent(200), sent(500, kind="read")]
    assert find_slow_or_failed(injection(), answers, p99_seconds=1) == [
        "answers during the fault: {500: 1}"
    ]


def test_slow_answers_count_only_during_the_fault() -> None:
    slow = [sent(200, seconds=3.0) for _ in range(10)]
    assert find_slow_or_failed(injection(), slow, p99_seconds=1) == [
        "p99 was 3.00 s during the fault"
    ]
    late = [sent(200, after=12, seconds=3.0), sent(200)]
    assert find_slow_or_failed(injection(), late, p99_seconds=1) == []


def test_no_requests_at_all_are_a_problem() -> None:
    assert find_slow_or_failed(injection(), [], p99_seconds=1)
    assert p99([]) == 0.0
