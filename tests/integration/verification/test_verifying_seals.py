"""Verification of closed rankings: whoever changes what was sealed is found."""

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.rankings.closing.closing import begin, close_changed, close_due
from domain.rankings.closing.removal import remove_old_periods
from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_ranking,
    write_row,
)
from tests.verification import change, find_broken


@pytest.fixture
def ranking(store: Store) -> int:
    """A closed ranking with two revisions: one of three players, whom a late decision changed."""
    rebuild_board(store, board=GLOBAL_BOARD)
    ranking = make_ranking(store, make_board(store, keepPeriods=1))
    players = add_rows(store, ranking, [9, 7, 5])
    list(close_due(store))
    write_row(store, ranking, players[2], 20)
    list(close_changed(store, pause_seconds=0))
    return ranking


def find_broken_seals(store: Store, settings: Settings) -> tuple[str, ...]:
    broken = find_broken(store, settings)
    # The rows of these tests have no actions, which other invariants may miss.
    return broken.get(Invariant.SEALS, ())


def test_what_was_sealed_holds_in_every_revision(
    store: Store, settings: Settings, ranking: int
) -> None:
    assert find_broken_seals(store, settings) == ()
    write_row(store, ranking, add_rows(store, ranking, [30])[0], 31)
    begin(store, ranking_nos=[ranking])
    assert find_broken_seals(store, settings) == ()


@pytest.mark.parametrize(
    ("statement", "complaints"),
    [
        (
            "UPDATE ranking_rows SET value = 8 WHERE value = 7",
            [(1, "is not of the rows that are there"), (2, "is not of the rows that are there")],
        ),
        (
            "UPDATE ranking_row_revisions SET value = 6",
            [(1, "is not of the rows that are there")],
        ),
        (
            "UPDATE ranking_rows SET sort_key = '\\x00' WHERE value = 7",
            [(1, "is not of the rows that are there"), (2, "is not of the rows that are there")],
        ),
        (
            "UPDATE ranking_seals SET row_count = 4 WHERE revision = 2",
            [(2, "is not what the audit log says of it"), (2, "is not of the rows that are there")],
        ),
        ("DELETE FROM audit_log WHERE seq = 1", [(1, "is not in the audit log")]),
    ],
)
def test_a_change_of_what_was_sealed_is_named(
    store: Store,
    settings: Settings,
    ranking: int,
    statement: str,
    complaints: list[tuple[int, str]],
) -> None:
    change(store, statement)
    assert find_broken_seals(store, settings) == tuple(
        f"the seal of revision {revision} of speedrun 2026-11-25 (ranking {ranking}) {what}"
        for revision, what in complaints
    )


def test_a_seal_that_was_deleted_is_named(store: Store, settings: Settings, ranking: int) -> None:
    change(store, "DELETE FROM ranking_seals WHERE revision = 1")
    assert find_broken_seals(store, settings) == (
        f"ranking {ranking} is at revision 2, sealed up to 2, and has 1 seals up to 2",
        "audit entry 1 is of a seal that is not there: speedrun",
    )


def test_a_removed_period_keeps_a_seal_that_holds(
    store: Store, settings: Settings, ranking: int
) -> None:
    change(
        store, "UPDATE board_versions SET definition = jsonb_set(definition, '{keepPeriods}', '0')"
    )
    assert remove_old_periods(store) == 1
    assert find_broken_seals(store, settings) == ()
