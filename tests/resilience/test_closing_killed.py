"""A keeper killed at any point of closing: the next one seals once and grants once."""

import signal

import pytest

from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.intakes import fetch
from tests.integration.rankings.closing.sealed_boards import (
    add_rows,
    make_board,
    make_ranking,
    read_rewards,
    read_seals,
)
from tests.verification import find_broken
from tests.waiting import wait_until
from tests.workers.processes import StartKeeper

pytestmark = pytest.mark.slow


@pytest.mark.parametrize(
    ("point", "seals"),
    [
        ("digest_revision:before", 0),
        ("store_seal:before", 0),
        # Everything is written and not committed.
        ("insert_entry:after", 0),
        ("announce:before", 1),
    ],
)
def test_a_keeper_killed_while_it_closes_leaves_one_seal_and_one_grant(
    store: Store, settings: Settings, start_keeper: StartKeeper, point: str, seals: int
) -> None:
    version = make_board(store, rewards=[{"ranks": [1, 1], "reward": "gold"}])
    rankings = [make_ranking(store, version, segment=segment) for segment in "ab"]
    winners = [add_rows(store, ranking, [9, 7])[0] for ranking in rankings]
    doomed = start_keeper({"LAUREL_TEST_CLOSING_CRASH": point})
    assert doomed.wait(30) == -signal.SIGKILL
    begun = fetch(store, "SELECT revision, sealed_revision FROM rankings ORDER BY ranking_no")
    assert [row.revision for row in begun] == [1, 1]
    assert sum(row.sealed_revision for row in begun) == seals == len(read_rewards(store))
    start_keeper({})
    wait_until(lambda: len(read_seals(store)) == 2, timeout_seconds=30)
    assert read_seals(store) == [(ranking, 1, 2) for ranking in rankings]
    assert read_rewards(store) == [(winner, 1, "gold") for winner in winners]
    assert len(fetch(store, "SELECT 1 FROM audit_log")) == 2
    broken = find_broken(store, settings)
    assert {Invariant.SEALS, Invariant.AUDIT}.isdisjoint(broken)
