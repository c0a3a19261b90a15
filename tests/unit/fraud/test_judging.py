"""Each fraud check at its boundary, and how their findings become one verdict."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from domain.fraud.anomaly.model import FEATURES
from domain.fraud.anomaly.training import train
from domain.fraud.candidate import Candidate
from domain.fraud.checks.table import CHECKS
from domain.fraud.judging import Judge
from domain.fraud.model import Screening, Verdict
from domain.fraud.profile import Profile
from domain.fraud.signals import Signal, Signals, Window
from tests.factories import make_policy
from tests.unit.fraud.makers import SESSION, make_candidate, make_session

JUDGE = Judge(
    make_policy(
        max_score_per_action=1000,
        max_actions_per_minute=10,
        suspicious_score_threshold=10_000,
        action_max_age_seconds=300,
        action_max_future_seconds=30,
    )
)


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


def judge_with(signals: Signals, *candidates: Candidate, judge: Judge = JUDGE) -> list[Screening]:
    return judge.screen_user(candidates, signals)


def test_a_snoozed_check_counts_nothing_until_its_date_and_is_kept() -> None:
    candidate = make_candidate(score=20_000)
    until_us = candidate.accepted_us + 1
    (screening,) = judge_with(
        Signals(snoozed={"score_cap": until_us, "score_burst": until_us}), candidate
    )
    assert (screening.verdict, screening.reason) == (Verdict.PASS, None)
    kept = screening.checks["score_cap"]
    assert (kept["snoozed"], kept["points"], kept["score"]) == (True, 0.0, 1.0)
    (over,) = judge_with(Signals(snoozed={"score_cap": candidate.accepted_us}), candidate)
    assert over.verdict is Verdict.REJECT
    assert "snoozed" not in over.checks["score_cap"]


def test_a_policy_says_which_signals_it_needs() -> None:
    policy = make_policy()
    assert {Signal.PROFILE, Signal.MODEL, Signal.SIGHTINGS} < Judge(policy).needs
    few = replace(policy, checks={"score_cap": policy.checks["score_cap"]})
    signals = Signals()
    judge = Judge(few)
    assert judge.needs == frozenset()
    judge_with(signals, make_candidate(), judge=judge)
    assert signals.profile == Profile(), "what no check reads is not learned"


def test_what_is_judged_is_learned() -> None:
    signals = Signals(sessions={SESSION: make_session(), "other": make_session(user_id="other")})
    judge_with(
        signals,
        make_candidate(session_id=SESSION, at_seconds=60, duration_ms=5000.0),
        make_candidate(session_id="other", at_seconds=120, duration_ms=5000.0),
        make_candidate(session_id=SESSION, at_seconds=180, duration_ms=5000.0, holds_id=False),
    )
    assert signals.profile.seen == 2
    assert signals.sessions[SESSION].claimed_ms == 5000
    assert not signals.sessions["other"].is_changed


class TestModel:
    """A policy that asks for a model, with and without one."""

    ODD = make_candidate(score=900)
    FOUND = make_candidate(score=2000)

    def make_signals(self, *, is_live: bool) -> Signals:
        rows = [tuple(float(number % 7) for number in range(len(FEATURES)))] * 1000
        return Signals(model=replace(train(rows), is_live=is_live))

    def test_without_a_model_actions_go_on_and_are_counted(self) -> None:
        judge = Judge(make_policy())
        clean, found = judge_with(
            Signals(), make_candidate(), make_candidate(score=2000), judge=judge
        )
        assert judge.unavailable == 2
        assert clean.checks == {}
        kept = found.checks["model"]
        assert (kept["unavailable"], kept["score"], kept["points"]) == (True, 0.0, 0.0)

    def test_a_model_in_shadow_is_kept_and_counts_nothing(self) -> None:
        for is_live, points in ((True, 50.0), (False, 0.0)):
            judge = Judge(make_policy())
            (screening,) = judge_with(self.make_signals(is_live=is_live), self.ODD, judge=judge)
            kept = screening.checks["model"]
            assert (kept["score"], kept["points"]) == (1.0, points)
            assert kept.get("shadow", False) is not is_live
            assert judge.unavailable == 0

    @pytest.mark.parametrize(
        ("slow_calls", "is_available"), [(range(0), True), ([0], True), (range(9), False)]
    )
    def test_a_model_over_its_budget_is_left_out_of_the_batch(
        self, slow_calls: Sequence[int], is_available: bool
    ) -> None:
        judge = Judge(make_policy(), clock_ns=StubClock(slow_calls).read_ns)
        odd, found = judge_with(self.make_signals(is_live=True), self.ODD, self.FOUND, judge=judge)
        assert ("model" in odd.checks) is is_available
        assert ("unavailable" not in found.checks["model"]) is is_available
        assert judge.unavailable == (0 if is_available else 2)


class StubClock:
    """A clock on which runs of the model take long or not, and everything else no time."""

    def __init__(self, slow_runs: Sequence[int]) -> None:
        self.now_ns = self.reads = 0
        self.slow_runs = slow_runs
        # Every check is timed once, the model last: two reads each.
        self.before_model = 2 * (len(CHECKS) - 1)

    def read_ns(self) -> int:
        run, is_end = divmod(self.reads - self.before_model, 2)
        if is_end and run in self.slow_runs:
            self.now_ns += 1_000_000
        self.reads += 1
        return self.now_ns


def test_the_first_action_of_a_batch_is_timed() -> None:
    judge = Judge(make_policy())
    assert judge.spent_us == {}
    judge_with(Signals(), make_candidate(), make_candidate(), judge=judge)
    assert judge.spent_us.keys() == judge.policy.checks.keys() - {"model"}
    assert min(judge.spent_us.values()) >= 0
