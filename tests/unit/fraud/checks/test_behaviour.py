"""Behaviour: what is unlike a person, unlike oneself and unlike everybody, at its boundaries."""

from random import Random
from typing import Any

import pytest

from domain.fraud.candidate import Candidate
from domain.fraud.model import Verdict
from domain.fraud.profile import Profile
from domain.fraud.signals import Signals
from tests.unit.fraud.makers import (
    NOON_US,
    SECOND_US,
    find,
    make_baseline,
    make_candidate,
    passes,
    play,
)

TYPE = "level_complete"
EVERYBODY = {TYPE: make_baseline()}


def play_intervals(*seconds: float) -> Signals:
    """Return the signals after actions with these intervals between them."""
    at = 0.0
    actions = [make_candidate()]
    for interval in seconds:
        at += interval
        actions.append(make_candidate(at_seconds=at))
    return play(Profile(), *actions)


def play_scores(*scores: int, **signals: Any) -> Signals:
    actions = (
        make_candidate(at_seconds=60 * number, score=score, action_type=TYPE)
        for number, score in enumerate(scores)
    )
    return Signals(profile=play(Profile(), *actions).profile, **signals)


def scored(score: int, **overrides: Any) -> Candidate:
    return make_candidate(at_seconds=9000, score=score, action_type=TYPE, **overrides)


def find_regular(*seconds: float, **signals: Any) -> float:
    """Return the score of an action after these intervals, the last one before the action."""
    *before, last = seconds
    known = play_intervals(*before)
    action = make_candidate(at_seconds=sum(seconds), action_type=TYPE)
    assert action.accepted_us - NOON_US - sum(before) * SECOND_US == pytest.approx(last * SECOND_US)
    known = Signals(profile=known.profile, **{"baselines": EVERYBODY, **signals})
    return find("regularity", action, known).score


class TestRegularity:
    @pytest.mark.parametrize(("intervals", "score"), [(7, 0.0), (8, 1.0), (50, 1.0)])
    def test_equal_intervals_are_found_after_eight(self, intervals: int, score: float) -> None:
        assert find_regular(*[30] * intervals) == score

    def test_jitter_of_30_percent_is_found_after_eighteen(self) -> None:
        random = Random(3)
        intervals = [60 * random.uniform(0.7, 1.3) for _ in range(18)]
        assert find_regular(*intervals[:17]) == 0.0
        assert find_regular(*intervals) == 1.0

    def test_a_bot_may_rest_once_and_is_found(self) -> None:
        assert find_regular(*[30] * 9, 900, *[30] * 5) == 1.0

    def test_after_half_an_hour_it_begins_again(self) -> None:
        assert find_regular(*[30] * 7, 1801) == 0.0
        assert find_regular(*[30] * 9, 1801, *[30] * 7) == 0.0
        assert find_regular(*[30] * 9, 1801, *[30] * 8) == 1.0

    def test_a_person_s_intervals_have_tails(self) -> None:
        random = Random(4)
        intervals = [random.lognormvariate(4, 0.6) for _ in range(300)]
        assert not any(find_regular(*intervals[end - 21 : end]) for end in range(21, 300))

    def test_where_the_game_sets_the_pace_it_says_nothing(self) -> None:
        intervals = [60 + number % 4 for number in range(20)]
        assert find_regular(*intervals) == 1.0
        assert find_regular(*intervals, baselines={TYPE: make_baseline(interval_mad=0.0125)}) == 0.0
        few = make_baseline(interval_mad=0.0125, actions=499)
        assert find_regular(*intervals, baselines={TYPE: few}) == 0.5

    def test_while_everybody_s_pace_is_unknown_it_counts_half(self) -> None:
        assert find_regular(*[30] * 9, baselines={}) == 0.5

    def test_actions_that_came_together_have_no_interval(self) -> None:
        assert find_regular(*[0.0] * 30) == 0.0


class TestScoreLevel:
    @pytest.mark.parametrize(("run", "is_well"), [(9, True), (10, False)])
    def test_so_many_scores_in_a_row_may_be_near_the_cap(self, run: int, is_well: bool) -> None:
        usual = {TYPE: make_baseline(score_q99=1000.0)}
        signals = play_scores(*[950, 1000] * (run // 2), *[1000] * (run % 2), baselines=usual)
        assert passes("score_level", scored(990), signals) is is_well
        assert passes("score_level", scored(899), signals)

    def test_the_cap_counts_half_while_everybody_s_scores_are_unknown(self) -> None:
        assert find("score_level", scored(1000), play_scores(*[1000] * 10)).score == 0.5

    def test_a_lower_score_begins_the_run_again(self) -> None:
        assert passes("score_level", scored(1000), play_scores(*[1000] * 9, 500, *[1000] * 9))

    def test_the_cap_is_usual_where_everybody_reaches_it(self) -> None:
        usual = {TYPE: make_baseline(score_median=1000.0)}
        assert passes("score_level", scored(1000), play_scores(*[1000] * 12, baselines=usual))

    def test_the_same_award_every_time_is_no_cap(self) -> None:
        assert passes("score_level", scored(100), play_scores(*[100] * 50))

    @pytest.mark.parametrize(("score", "is_well"), [(1200, True), (1201, False)])
    def test_of_a_new_player_only_what_nobody_reaches_is_too_much(
        self, score: int, is_well: bool
    ) -> None:
        """Everybody's 99 % quantile is 600."""
        signals = play_scores(*[90] * 7, baselines=EVERYBODY)
        assert passes("score_level", scored(score), signals) is is_well
        assert passes("score_level", scored(score), Signals(baselines=EVERYBODY)) is is_well
        assert passes("score_level", scored(score), play_scores(*[90] * 7))

    def test_who_always_outdoes_everybody_passes(self) -> None:
        signals = play_scores(*[1300, 1500, 1100] * 5, baselines=EVERYBODY)
        assert passes("score_level", scored(1600), signals, max_score=10_000)

    def test_a_score_far_above_one_s_own_counts_and_above_everybody_s_fully(self) -> None:
        own = [80, 100, 120, 90, 110, 100, 95, 105]
        alone = find("score_level", scored(900), play_scores(*own))
        both = find("score_level", scored(900), play_scores(*own, baselines=EVERYBODY))
        few = {TYPE: make_baseline(actions=499)}
        assert (alone.score, both.score) == (0.6, 1.0)
        assert find("score_level", scored(900), play_scores(*own, baselines=few)).score == 0.6

    def test_what_is_far_above_one_s_own_but_usual_for_others_is_no_proof(self) -> None:
        own = [10, 12, 8, 10, 11, 9, 10, 10]
        found = find("score_level", scored(120), play_scores(*own, baselines=EVERYBODY))
        assert found.score == 0.6

    def test_who_does_a_little_better_than_always_alike_passes(self) -> None:
        assert passes("score_level", scored(150), play_scores(*[100] * 20, baselines=EVERYBODY))

    def test_held_scores_teach_nothing(self) -> None:
        signals = play_scores(100, 90, 110, 100, 95, 105, 100, 100)
        before = signals.profile.habits[0].mean
        for _ in range(50):
            held = scored(900)
            found = find("score_level", held, signals)
            assert found.score >= 0.6
            play(signals.profile, held, verdict=Verdict.QUARANTINE)
        assert signals.profile.habits[0].mean == before


class TestScoreRate:
    @pytest.mark.parametrize(
        ("score", "duration_ms", "expected"),
        [
            (60, 1000.0, 0.0),
            (61, 1000.0, pytest.approx(0.508, abs=0.001)),
            (120, 1000.0, 1.0),
            (100, 0.0, 1.0),
            (0, 0.0, 0.0),
            (100, None, 0.0),
            (100, float("nan"), 0.0),
            (100, -1.0, 0.0),
        ],
    )
    def test_nobody_scores_so_fast(
        self, score: int, duration_ms: float | None, expected: float
    ) -> None:
        signals = Signals(baselines=EVERYBODY)
        assert find("score_rate", scored(score, duration_ms=duration_ms), signals).score == expected

    @pytest.mark.parametrize("baseline", [{"rate_q999": None}, {"actions": 499}])
    def test_without_everybody_s_rates_nothing_is_said(self, baseline: dict[str, Any]) -> None:
        signals = Signals(baselines={TYPE: make_baseline(**baseline)})
        assert passes("score_rate", scored(10**6, duration_ms=1.0), signals)


class TestPace:
    # The fastest 1 % of everybody's intervals are e^9 ms = 8.1 s, two thirds of it 5.4 s.
    @pytest.mark.parametrize(("seconds", "is_well"), [(5.5, True), (5.3, False)])
    def test_nobody_keeps_up_such_a_pace(self, seconds: float, is_well: bool) -> None:
        signals = play_intervals(*[seconds] * 8)
        signals.baselines = EVERYBODY
        assert passes("pace", scored(1), signals) is is_well

    def test_of_few_intervals_or_actions_nothing_is_said(self) -> None:
        signals = play_intervals(*[1] * 7)
        signals.baselines = EVERYBODY
        assert passes("pace", scored(1), signals)
        signals = play_intervals(*[1] * 9)
        assert passes("pace", scored(1), signals)
        signals.baselines = {TYPE: make_baseline(interval_q01=None)}
        assert passes("pace", scored(1), signals)


class TestEndurance:
    def play_hours(self, hours: float, *, every_minutes: float = 20) -> Signals:
        count = int(hours * 60 / every_minutes)
        return play_intervals(*[every_minutes * 60] * count)

    @pytest.mark.parametrize(("hours", "score"), [(13, 0), (14.5, 0.5), (16, 1), (30, 1)])
    def test_nobody_plays_so_long_without_a_rest(self, hours: float, score: float) -> None:
        action = make_candidate(at_seconds=hours * 3600)
        assert find("endurance", action, self.play_hours(hours)).score == pytest.approx(score)

    def test_two_hours_are_a_rest(self) -> None:
        signals = self.play_hours(15)
        assert passes("endurance", make_candidate(at_seconds=17 * 3600), signals)
        play(signals.profile, make_candidate(at_seconds=17 * 3600))
        assert passes("endurance", make_candidate(at_seconds=18 * 3600), signals)

    def test_few_actions_are_no_stretch(self) -> None:
        signals = self.play_hours(16.5, every_minutes=99)
        assert passes("endurance", make_candidate(at_seconds=16.5 * 3600), signals)

    def test_a_new_player_is_not_tired(self) -> None:
        assert passes("endurance", make_candidate())
