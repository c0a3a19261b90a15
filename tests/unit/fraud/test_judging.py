"""Each fraud check at its boundary, and how their findings become one verdict."""

from typing import Any
from uuid import uuid4

import pytest

from domain.fraud.candidate import Candidate
from domain.fraud.judging import Judge
from domain.fraud.model import Screening, Verdict
from domain.fraud.signals import Signals, Window
from tests.factories import make_policy

NOON_US = 1_767_268_800_000_000
JUDGE = Judge(
    make_policy(
        max_score_per_action=1000,
        max_actions_per_minute=10,
        suspicious_score_threshold=10_000,
        action_max_age_seconds=300,
        action_max_future_seconds=30,
    )
)


def make_candidate(*, age_seconds: float = 0.0, **overrides: Any) -> Candidate:
    values: dict[str, Any] = {
        "action_id": str(uuid4()),
        "action_no": 1,
        "user_id": str(uuid4()),
        "score": 100,
        "accepted_us": NOON_US,
        "timestamp_us": NOON_US - round(age_seconds * 1_000_000),
    }
    return Candidate(**{**values, **overrides})


def screen_all(candidates: list[Candidate], window: Window | None = None) -> list[Screening]:
    return JUDGE.screen_user(candidates, Signals(window or Window()))


def screen(candidate: Candidate, window: Window | None = None) -> Screening:
    (screening,) = screen_all([candidate], window)
    return screening


def verdict(candidate: Candidate, window: Window | None = None) -> tuple[Verdict, str | None]:
    screening = screen(candidate, window)
    return screening.verdict, screening.reason


@pytest.mark.parametrize(
    ("sent_seconds_ago", "reason"),
    [
        (300, None),
        (300.001, "STALE_TIMESTAMP"),
        (0, None),
        (-30, None),
        (-30.001, "FUTURE_TIMESTAMP"),
    ],
)
def test_the_client_s_clock_may_differ_so_much_and_no_more(
    sent_seconds_ago: float, reason: str | None
) -> None:
    sent = make_candidate(age_seconds=sent_seconds_ago)
    assert verdict(sent) == (Verdict.REJECT if reason else Verdict.PASS, reason)


@pytest.mark.parametrize(("score", "reason"), [(0, None), (1000, None), (1001, "SCORE_TOO_HIGH")])
def test_one_action_earns_the_cap_at_most(score: int, reason: str | None) -> None:
    assert screen(make_candidate(score=score)).reason == reason


@pytest.mark.parametrize(("earlier", "reason"), [(9, None), (10, "VELOCITY"), (500, "VELOCITY")])
def test_a_minute_holds_so_many_actions(earlier: int, reason: str | None) -> None:
    window = Window(actions_last_minute=earlier)
    assert verdict(make_candidate(), window) == (Verdict.REJECT if reason else Verdict.PASS, reason)


@pytest.mark.parametrize(
    ("earlier", "expected"), [(9900, Verdict.PASS), (9901, Verdict.QUARANTINE)]
)
def test_above_the_threshold_of_an_hour_an_action_is_held(earlier: int, expected: Verdict) -> None:
    screening = screen(make_candidate(score=100), Window(score_last_hour=earlier))
    assert screening.verdict is expected
    assert screening.reason == ("SCORE_BURST" if expected is Verdict.QUARANTINE else None)


def test_an_id_that_another_action_holds_is_rejected() -> None:
    assert verdict(make_candidate(holds_id=False)) == (Verdict.REJECT, "DUPLICATE_ACTION")


def test_the_first_rejection_names_the_reason_and_all_are_kept() -> None:
    candidate = make_candidate(score=20_000, age_seconds=3600.0)
    screening = screen(candidate, Window(actions_last_minute=50))
    assert (screening.verdict, screening.reason) == (Verdict.REJECT, "STALE_TIMESTAMP")
    found = {name: found["reason"] for name, found in screening.checks.items() if found["reason"]}
    assert found == {
        "timestamp_window": "STALE_TIMESTAMP",
        "score_cap": "SCORE_TOO_HIGH",
        "velocity": "VELOCITY",
        "score_burst": "SCORE_BURST",
    }
    assert screening.checks["velocity"]["seen"] == 51


def test_a_rejection_outranks_a_quarantine_that_comes_before_or_after_it() -> None:
    window = Window(actions_last_minute=10, score_last_hour=10_000)
    assert verdict(make_candidate(), window) == (Verdict.REJECT, "VELOCITY")


def test_of_a_check_that_found_nothing_nothing_is_kept() -> None:
    assert screen(make_candidate()).checks == {}


def test_what_a_check_found_is_kept_with_its_points_version_and_time() -> None:
    kept = screen(make_candidate(score=20_000)).checks["score_cap"]
    assert kept.pop("us") >= 0
    assert kept == {
        "score": 1.0,
        "points": 1000.0,
        "reason": "SCORE_TOO_HIGH",
        "seen": 20_000,
        "version": 1,
    }


def test_actions_of_one_batch_enter_the_window_of_the_next() -> None:
    candidates = [make_candidate(action_no=number) for number in range(1, 13)]
    verdicts = [screening.verdict for screening in screen_all(candidates)]
    assert verdicts == [Verdict.PASS] * 10 + [Verdict.REJECT] * 2


def test_a_rejected_action_of_the_batch_does_not_count() -> None:
    candidates = [
        make_candidate(score=1000),
        make_candidate(score=5000),
        make_candidate(score=1000),
        make_candidate(score=0),
    ]
    screenings = screen_all(candidates, Window(9 - 2, 8000))
    assert [(screening.verdict, screening.reason) for screening in screenings] == [
        (Verdict.PASS, None),
        (Verdict.REJECT, "SCORE_TOO_HIGH"),
        (Verdict.PASS, None),
        (Verdict.PASS, None),
    ]


def test_a_held_action_counts_for_those_after_it() -> None:
    candidates = [make_candidate(score=600), make_candidate(score=0)]
    held, after = screen_all(candidates, Window(score_last_hour=9500))
    assert held.verdict is Verdict.QUARANTINE
    assert after.verdict is Verdict.QUARANTINE
    assert after.checks["score_burst"]["seen"] == 10_100
