"""However actions, links, crashes, decisions, seals and builds interleave, boards are the same.

They are what the reference makes of the sorted ledger.
"""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from tests.integration.interleaving.chances import by_chance, randoms
from tests.integration.interleaving.comparing import check_answers, check_board, prepare
from tests.integration.interleaving.runs import Run
from tests.integration.interleaving.scenarios import (
    Scenario,
    move_to,
    rolling_scenarios,
    scenarios_of_a_zone,
)
from tests.integration.interleaving.seals import Seals
from workers.context import WorkerContext


@by_chance
@given(scenarios_of_a_zone(), randoms)
def test_boards_are_those_of_the_sorted_ledger(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    Run(context, random).go(scenario.ledger)
    for board in scenario.boards:
        check_board(context.store, board, players)
        check_answers(context.store, board, players)


@by_chance
@given(scenarios_of_a_zone(is_over=True), randoms)
def test_sealed_periods_stay_what_they_were_and_the_boards_go_on(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    seals = Seals(context.store, scenario.boards, players)
    Run(context, random, seals=seals).go(scenario.ledger)
    for board in scenario.boards:
        check_board(context.store, board, players)
    seals.check()


@by_chance
@given(scenarios_of_a_zone(), randoms)
def test_a_new_version_is_the_board_as_it_would_have_been(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    Run(context, random, changed=scenario.changed).go(scenario.ledger)
    for board in (scenario.changed, *scenario.boards[1:]):
        check_board(context.store, board, players)


@by_chance
@given(rolling_scenarios(), randoms, st.booleans())
def test_a_rolling_board_has_what_is_in_its_window(
    context: WorkerContext, scenario: Scenario, random: Random, is_changed: bool
) -> None:
    moved = move_to(scenario, datetime.now(UTC))
    if not is_changed:
        moved = replace(moved, changed=moved.boards[0])
    players = prepare(context, moved.boards, moved.players)
    changed = moved.changed if is_changed else None
    Run(context, random, changed=changed, movers=players).go(moved.ledger)
    check_board(context.store, moved.changed, players)
