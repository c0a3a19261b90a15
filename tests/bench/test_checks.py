"""The policies that are compared are sound, and what the checks cost is a difference."""

import json

from bench.checks.cost import CheckedStack
from bench.checks.cost_report import added_by, describe_checks
from bench.checks.policies import ALL, FEW, POLICIES
from bench.results import Measured
from domain.fraud.checks.table import CHECKS
from domain.fraud.judging import Judge
from domain.fraud.policies.json_form import decode_policy
from domain.fraud.signals import Signal
from rig.actions import Actions
from tests.bench.test_boards import with_cpu
from tests.bench.test_counting import MACHINE


def test_the_first_checks_read_windows_only_and_all_are_all() -> None:
    few, every = (decode_policy(POLICIES[name]) for name in (FEW, ALL))
    assert Judge(few).needs == {Signal.WINDOW}
    assert list(every.checks) == [check.name for check in CHECKS]
    assert set(Signal) == Judge(every).needs


def test_no_action_is_held_by_what_is_compared() -> None:
    for document in POLICIES.values():
        policy = decode_policy(document)
        assert sum(check.points for check in policy.checks.values()) < policy.hold_at


def test_actions_name_their_players_session_and_a_time_of_seconds() -> None:
    sessions = ["0f9c6a5b-0000-4000-8000-000000000000", "1f9c6a5b-0000-4000-8000-000000000000"]
    members, _ = Actions(sessions=sessions).make(1)
    metadata = json.loads(f"{{{members}}}")["metadata"]
    assert metadata["sessionId"] == sessions[1]
    assert 1_000 <= metadata["duration"] < 10_000
    assert metadata["actionType"] == "level_complete"


def stacked(policy: str, *cpu: float) -> CheckedStack:
    rounds: list[Measured] = [with_cpu(us) for us in cpu]
    return CheckedStack(policy=policy, checks=5, rounds=rounds, findings={"velocity": 2})


def test_what_checks_add_is_the_median_of_the_rounds_differences() -> None:
    added = added_by(stacked(FEW, 100, 200, 300), stacked(ALL, 150, 210, 420))
    assert (added["cpu_api"], added["few_cpu_api"]) == (50.0, 200.0)
    assert added["ratio_cpu_api"] == 1.4


def test_the_outcome_has_a_row_for_each_policy_and_what_was_found() -> None:
    outcome = describe_checks(
        [stacked(FEW, 100), stacked(ALL, 150)], MACHINE, {"players": 10, "seconds_per_arm": 2.0}
    )
    totals, findings = outcome.grids
    assert [row[0] for row in totals.rows] == [FEW, ALL]
    assert [row[1:] for row in findings.rows] == [["velocity", "2"]] * 2
    assert outcome.holds
    alone = describe_checks([stacked(ALL, 100)], MACHINE, {"players": 10, "seconds_per_arm": 2.0})
    assert (list(alone.lines), alone.json["added"]) == ([], {})
