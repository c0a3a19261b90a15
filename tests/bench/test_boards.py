"""The boards of the benchmark are valid and count its traffic, and their cost is a difference."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import pytest

from bench.boards.cost import ARMS, BoardCount
from bench.boards.cost_report import describe_boards, per_board
from bench.boards.definitions import define_boards
from bench.results import Measured
from domain.rankings.counting import BoardRule, parse_metadata
from domain.rankings.definition_json import decode_definition
from domain.rankings.model import BoardVersion, Contribution, CountedAction, VersionState
from rig.actions import Actions
from tests.bench.test_counting import MACHINE, VERDICT, measured


def test_every_board_counts_every_action_of_the_traffic() -> None:
    boards = define_boards(16)
    assert len({board["id"] for board in boards}) == 16
    actions = Actions(with_country=True)
    for player in range(16):
        members, (_, _, score) = actions.make(player)
        body = json.loads(f"{{{members}}}")
        metadata = json.dumps(body["metadata"])
        kind = body["metadata"]["actionType"]
        action = CountedAction(1, "user", kind, score, metadata, datetime.now(UTC))
        for number, board in enumerate(boards):
            version = BoardVersion(number, 1, decode_definition(board), VersionState.LIVE)
            found = BoardRule(version).contribute(action, parse_metadata(metadata), None)
            assert isinstance(found, Contribution), board


def test_no_more_boards_than_there_are() -> None:
    assert define_boards(0) == []
    with pytest.raises(ValueError, match="16 boards"):
        define_boards(17)


def test_a_players_country_stays_and_all_bodies_have_one_length() -> None:
    actions = Actions(with_country=True)
    made = [actions.make(player)[0] for player in (3, 3, 4, 11)]
    countries = [json.loads(f"{{{members}}}")["metadata"]["country"] for members in made]
    assert countries == ["BR", "BR", "IN", "BR"]
    assert len({len(members) for members in made}) == 1


def test_a_further_board_costs_the_median_of_the_differences() -> None:
    base = [with_cpu(us) for us in (100, 200, 300)]
    found = per_board(base, [with_cpu(us) for us in (180, 240, 360)], 4)
    assert found["cpu"] == 15.0
    assert (found["least"], found["greatest"]) == (10.0, 20.0)
    assert found["cpu_api"] == 15.0


def test_the_outcome_has_a_line_for_each_number_of_boards() -> None:
    counts = [counted(0, 100), counted(1, 130), counted(4, 180)]
    outcome = describe_boards(counts, MACHINE, {"players": 10, "seconds_per_arm": 2.0})
    written = json.loads(json.dumps(outcome.json))
    assert {n: costs["cpu"] for n, costs in written["per_board"]["paced"].items()} == {
        "1": 30.0,
        "4": 20.0,
    }
    assert [row[:2] for row in outcome.grids[0].rows][:3] == [["paced", n] for n in ("0", "1", "4")]
    assert "20 us" in outcome.lines[1]
    assert outcome.holds


def test_a_lost_action_or_a_broken_invariant_is_a_failure() -> None:
    lost = replace(with_cpu(1), verdict=replace(VERDICT, lost=1))
    assert not BoardCount(boards=1, rounds={"paced": [lost]}).holds
    assert not BoardCount(boards=1, violations="wrong").holds


def counted(boards: int, us: float) -> BoardCount:
    """Return a number of boards with which an action took this CPU time in two rounds."""
    return BoardCount(boards=boards, rounds={arm.name: [with_cpu(us)] * 2 for arm in ARMS})


def with_cpu(us: float) -> Measured:
    """Return an arm with a thousand actions of this CPU time each."""
    cpu_seconds = {"api": us * 1000 / 1e6, "generator": 9.0}
    return replace(measured("batch", 16), cpu_seconds=cpu_seconds)
