"""However bans interleave with all else, boards are those of the ledger without who is banned."""

from dataclasses import replace
from datetime import UTC, datetime
from random import Random

from hypothesis import given, settings

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.rankings.definition import BoardDefinition, PeriodKind
from domain.rankings.ledger.replaying import replay
from domain.rankings.model import PlayerFacts
from domain.rankings.sets.rebuild import list_untrusted, rebuild_rankings
from domain.store.postgres.rankings.catalog import list_counted_versions
from domain.store.store import Store
from domain.verification.board import check_board as check_global
from domain.verification.rankings import check_rankings
from tests import ledgers
from tests import rankings_reference as reference
from tests.bans import NO_ARCHIVES
from tests.integration.interleaving.chances import by_chance, randoms
from tests.integration.interleaving.comparing import prepare, read_rankings
from tests.integration.interleaving.runs import Run
from tests.integration.interleaving.scenarios import (
    Scenario,
    move_to,
    rolling_scenarios,
    scenarios_of_a_zone,
)
from tests.integration.interleaving.seals import Seals, read_shown_ledger
from tests.state_checksum import find_differences, read_state
from workers.context import WorkerContext

few_by_chance = settings(by_chance, max_examples=6)


@few_by_chance
@given(scenarios_of_a_zone(), randoms)
def test_boards_are_those_of_the_others_and_whole_when_bans_have_ended(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    rebuild_board(context.store, board=GLOBAL_BOARD)
    run = Run(context, random, suspects=ledgers.USERS)
    run.go(scenario.ledger)
    check_all(run, scenario.boards, players)
    check_inverse(run, scenario.boards, players)


def keep_all(scenario: Scenario) -> Scenario:
    """Return the scenario with a new version that keeps all its periods."""
    return replace(scenario, changed=replace(scenario.changed, keep_periods=1_000))


def is_kept(scenario: Scenario) -> bool:
    """Return whether so many periods reach back to the actions."""
    return scenario.changed.period.kind is not PeriodKind.DAILY


@few_by_chance
@given(scenarios_of_a_zone().filter(is_kept).map(keep_all), randoms)
def test_a_new_version_is_built_without_who_is_banned(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    rebuild_board(context.store, board=GLOBAL_BOARD)
    run = Run(context, random, changed=scenario.changed, suspects=ledgers.USERS)
    run.go(scenario.ledger)
    boards = [scenario.changed, *scenario.boards[1:]]
    check_all(run, boards, players)
    check_inverse(run, boards, players)


@few_by_chance
@given(rolling_scenarios(), randoms)
def test_buckets_follow(context: WorkerContext, scenario: Scenario, random: Random) -> None:
    moved = move_to(scenario, datetime.now(UTC))
    players = prepare(context, moved.boards, moved.players)
    rebuild_board(context.store, board=GLOBAL_BOARD)
    run = Run(context, random, movers=players, suspects=ledgers.USERS)
    run.go(moved.ledger)
    check_all(run, moved.boards, players)
    check_inverse(run, moved.boards, players)


@few_by_chance
@given(scenarios_of_a_zone(is_over=True), randoms)
def test_sealed_rankings_get_revisions(
    context: WorkerContext, scenario: Scenario, random: Random
) -> None:
    players = prepare(context, scenario.boards, scenario.players)
    rebuild_board(context.store, board=GLOBAL_BOARD)
    run = Run(context, random, suspects=ledgers.USERS)
    run.seals = Seals(context.store, scenario.boards, players)
    run.go(scenario.ledger)
    check_all(run, scenario.boards, players)
    check_inverse(run, scenario.boards, players)
    run.seals.check()


def check_all(run: Run, boards: list[BoardDefinition], players: dict[str, PlayerFacts]) -> None:
    """Compare every board with the reference, and with all that verification knows."""
    store = run.context.store
    run.show_bans()
    with store.write() as connection:
        ledger = read_shown_ledger(connection)
    for board in boards:
        expected = reference.rank_all(board, ledger, players, datetime.now(UTC))
        assert read_rankings(store, board) == expected
    check_verified(store)


def check_verified(store: Store) -> None:
    """Verify and replay, after the keeper's rebuild of sets that nobody has declared complete."""
    with store.write() as connection:
        versions = list_counted_versions(connection)
    rebuild_rankings(store, list_untrusted(store, versions=versions, now=datetime.now(UTC)))
    assert [*check_global(store, board=GLOBAL_BOARD, limit=10)] == []
    assert [*check_rankings(store, archive_path=NO_ARCHIVES, limit=10)] == []
    compared = replay(store, archive_path=NO_ARCHIVES)
    assert [each.differences for each in compared if each.different] == []


def check_inverse(run: Run, boards: list[BoardDefinition], players: dict[str, PlayerFacts]) -> None:
    """End all bans; then ban everyone once more, and end that: nothing must have changed."""
    for _ in ledgers.USERS:
        run.unban()
    run.close()
    check_all(run, boards, players)
    before = read_state(run.context.store)
    for _ in ledgers.USERS:
        run.ban()
    for _ in ledgers.USERS:
        run.unban()
    run.close()
    assert find_differences(before, read_state(run.context.store)) == []
    check_all(run, boards, players)
