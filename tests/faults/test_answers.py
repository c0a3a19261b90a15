"""What the rig says of answers: only what was sent while the damage stood, and all of that."""

import random
import time
from typing import Any, cast

from faults.answers import find_bad_answers, find_slow_or_failed, p99
from faults.client import Sent
from faults.model import Strike

STRUCK_AT = time.time()


def strike() -> Strike:
    """A strike of ten seconds that is over."""
    nothing = cast(Any, None)
    chance = random.Random(1)
    return Strike(nothing, nothing, [], chance, 0.0, struck_at=STRUCK_AT, healed_at=STRUCK_AT + 10)


def sent(status: int, *, after: float = 5.0, seconds: float = 0.1, kind: str = "action") -> Sent:
    return Sent(kind, "id", "user", 100, status, STRUCK_AT + after, seconds)


def test_a_503_is_what_was_wanted() -> None:
    assert find_bad_answers(strike(), [sent(200), sent(202), sent(503)], wanted=503) == []


def test_what_was_wanted_and_never_answered_means_that_nothing_was_tried() -> None:
    outside = [sent(503, after=-1), sent(503, after=11), sent(503, kind="read")]
    (problem,) = find_bad_answers(strike(), [sent(200), *outside], wanted=503)
    assert "nothing was tried" in problem


def test_any_other_answer_is_named() -> None:
    for bad in (0, 403, 500):
        (problem,) = find_bad_answers(strike(), [sent(503), sent(bad)], wanted=503)
        assert str(bad) in problem


def test_a_read_that_fails_is_a_failure_too() -> None:
    answers = [sent(200), sent(500, kind="read")]
    assert find_slow_or_failed(strike(), answers, p99_seconds=1) == ["answers meanwhile: {500: 1}"]


def test_slow_answers_count_only_while_the_damage_stands() -> None:
    slow = [sent(200, seconds=3.0) for _ in range(10)]
    assert find_slow_or_failed(strike(), slow, p99_seconds=1) == ["p99 was 3.00 s meanwhile"]
    late = [sent(200, after=12, seconds=3.0), sent(200)]
    assert find_slow_or_failed(strike(), late, p99_seconds=1) == []


def test_silence_proves_nothing() -> None:
    assert find_slow_or_failed(strike(), [], p99_seconds=1)
    assert p99([]) == 0.0
