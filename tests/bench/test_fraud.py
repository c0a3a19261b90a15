"""The simulation of fraud: repeatable, and its verdicts are what the report says."""

from dataclasses import replace

import pytest

from bench.fraud.cheaters import KINDS
from bench.fraud.honest import HABITS
from bench.fraud.judged import Tallies, join, judge_world, make_world
from bench.fraud.model import World
from bench.fraud.report import AIM_CAUGHT, AIM_WRONGLY, share_caught, wrongly_held
from bench.fraud.run import GAME_SETTINGS, REPORTING_SEEDS, TUNING_SEEDS, only
from domain.fraud.policy import policy_from

POLICY = policy_from(GAME_SETTINGS)
SHARE = 0.2


@pytest.fixture(scope="module")
def world() -> World:
    """A fifth of a world."""
    return make_world(7, share=SHARE)


@pytest.fixture(scope="module")
def tallies(world: World) -> Tallies:
    """What all checks make of it."""
    return judge_world(world, POLICY)


def test_a_seed_makes_the_same_world_and_verdicts_again(world: World, tallies: Tallies) -> None:
    again = make_world(7, share=SHARE)
    assert again.played == world.played
    assert judge_world(again, POLICY) == tallies
    assert make_world(8, share=SHARE).played != world.played


def test_every_habit_and_kind_is_there_in_order_of_intake(world: World) -> None:
    assert {played.kind for played in world.played} == {*HABITS, *KINDS, "victim"}
    times = [played.action.accepted_us for played in world.played]
    assert times == sorted(times)
    assert [played.action.action_no for played in world.played] == [*range(1, len(times) + 1)]


def test_cheaters_are_held_in_time_and_honest_actions_are_not(tallies: Tallies) -> None:
    assert share_caught(tallies) >= AIM_CAUGHT
    assert wrongly_held(tallies) <= AIM_WRONGLY


def test_the_five_first_checks_alone_find_hardly_anybody(world: World) -> None:
    first = ("id_uniqueness", "timestamp_window", "score_cap", "velocity", "score_burst")
    few = replace(POLICY, checks={name: POLICY.checks[name] for name in first})
    assert share_caught(judge_world(world, few)) < 0.2


def test_one_check_alone_finds_its_own_kind(world: World) -> None:
    tallies = judge_world(world, only(POLICY, "clock_drift"))
    assert tallies["clock_shifter"].caught_within(20) == 1.0
    assert tallies["account_farm"].caught_within(20) == 0.0


def test_worlds_are_added_up(tallies: Tallies) -> None:
    both = join([tallies, tallies])
    assert both["casual"].honest == 2 * tallies["casual"].honest
    assert len(both["replayer"].first_held) == 2 * len(tallies["replayer"].first_held)


def test_what_is_reported_was_not_tuned_with() -> None:
    assert not {*TUNING_SEEDS} & {*REPORTING_SEEDS}
