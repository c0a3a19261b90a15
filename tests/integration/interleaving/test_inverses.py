"""What is voided or held and then restored or released, in whatever order, was never gone."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import UTC, datetime
from random import Random

from hypothesis import given, settings

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.moderation.deciding import Decision
from domain.rankings.definition import BoardDefinition
from domain.rankings.ledger.replaying import replay
from domain.rankings.model import PlayerFacts
from tests.integration.interleaving.chances import by_chance, randoms
from tests.integration.interleaving.comparing import check_board, prepare
from tests.integration.interleaving.runs import DECIDABLE, Crash, Run, crashing
from tests.integration.interleaving.scenarios import (
    Scenario,
    move_to,
    rolling_scenarios,
    scenarios_of_a_zone,
)
from tests.integration.interleaving.seals import Seals
from tests.integration.moderation.taking_back import trust_rankings
from tests.state_checksum import checksum, find_differences, read_state
from tests.verification import find_broken
from workers.context import WorkerContext

INVERSES = {Decision.VOID: Decision.RESTORE, Decision.HOLD: Decision.RELEASE}
# Each has several proofs of the whole state.
few_by_chance = settings(by_chance, max_examples=6)
APPLIED = {"statuses": ["applied"]}


@few_by_chance
@given(scenarios_of_a_zone(), randoms)
def test_acts_and_their_inverses_leave_boards_as_they_were(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    run = Run(context, random)
    undo_everything(run, scenario, players)


@few_by_chance
@given(scenarios_of_a_zone(is_over=True), randoms)
def test_acts_and_their_inverses_leave_sealed_periods_as_they_were(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    seals = Seals(context.store, scenario.boards, players)
    undo_everything(Run(context, random, seals=seals), scenario, players)
    seals.check()


@few_by_chance
@given(rolling_scenarios(), randoms)
def test_acts_and_their_inverses_leave_rolling_boards_as_they_were(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    moved = move_to(scenario, datetime.now(UTC))
    players = prepare(context, moved.boards, moved.players)
    undo_everything(Run(context, random, movers=players), moved, players)


def undo_everything(run: Run, scenario: Scenario, players: Mapping[str, PlayerFacts]) -> None:
    """Work through the ledger, take a part of it back, and let it count again."""
    context, random = run.context, run.random
    rebuild_board(context.store, board=GLOBAL_BOARD)
    run.go(scenario.ledger)
    trust_rankings(context.store)
    before, sum_before = read_state(context.store), checksum(context.store)
    with context.store.write() as connection:
        applied = [row.action_id for row in connection.execute(DECIDABLE, APPLIED)]
    random.shuffle(applied)
    taken = [(each, random.choice(list(INVERSES))) for each in applied[: random.randint(1, 4)]]
    for action_id, decision in taken:
        run.review(action_id, decision)
        work(run)
        check(context, scenario.boards, players)
    random.shuffle(taken)
    for action_id, decision in taken:
        run.review(action_id, INVERSES[decision])
        work(run)
        check(context, scenario.boards, players)
    assert find_differences(before, read_state(context.store)) == []
    assert checksum(context.store) == sum_before


def work(run: Run) -> None:
    """Let processes crash for a while, and then finish what there is."""
    for _ in range(run.random.randint(0, 3)):
        with crashing(run.context.store, after=run.random.randint(0, 3)), suppress(Crash):
            run.random.choice((run.run_a_link, run.run_a_link, run.close))()
    run.finish()
    run.close()


def check(
    context: WorkerContext, boards: list[BoardDefinition], players: Mapping[str, PlayerFacts]
) -> None:
    """Compare every board with the reference, and with a replay of the ledger; verify the rest."""
    for board in boards:
        check_board(context.store, board, players)
    assert find_broken(context.store, context.settings) == {}
    compared = replay(context.store, archive_path=context.settings.archive_path)
    assert [(each.name, each.differences) for each in compared if list(each.differences)] == []
