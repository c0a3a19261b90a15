"""Closing: what is wrong with one ranking or board does not keep the others from being closed."""

from typing import Any

import pytest

from domain.errors import DatabaseUnavailableError
from domain.rankings.closing import closing, resting
from domain.rankings.closing.closing import close_due
from domain.rankings.closing.resting import RestingRankings
from domain.rankings.closing.sealing import Digest
from domain.store.postgres.rankings.closing import seals
from domain.store.store import Store
from tests.integration.rankings.closing.sealed_boards import make_board, make_ranking
from tests.rankings import make_unreadable

TIMEOUT = DatabaseUnavailableError(sqlstate="57014")


def close(store: Store, resting_rankings: RestingRankings) -> list[int]:
    """Close what is due; return the rankings that were sealed."""
    closed = close_due(store, resting=resting_rankings)
    return [ranking.seal.ranking_no for ranking in closed]


def fail_for(bad: int, error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    digest = closing.digest_revision

    def fail(store: Store, *, begun: Any) -> Digest:
        if begun.ranking_no == bad:
            raise error
        return digest(store, begun=begun)

    monkeypatch.setattr(closing, "digest_revision", fail)


@pytest.mark.parametrize("error", [ValueError("poison"), TIMEOUT])
def test_a_ranking_that_fails_rests_and_lets_those_behind_it_pass(
    store: Store, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    bad, good = (make_ranking(store, make_board(store, id=name)) for name in ("bad", "good"))
    monkeypatch.setattr(seals, "MOST_AT_ONCE", 1)
    now = 1000.0
    resting_rankings = RestingRankings(lambda: now)
    with monkeypatch.context() as patch:
        fail_for(bad, error, patch)
        assert close(store, resting_rankings) == []
        assert close(store, resting_rankings) == [good]
    assert close(store, resting_rankings) == []
    now += resting.REST_SECONDS
    assert close(store, resting_rankings) == [bad]


def test_an_outage_lets_no_ranking_rest(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    ranking = make_ranking(store, make_board(store))
    resting_rankings = RestingRankings()
    with monkeypatch.context() as patch:
        fail_for(ranking, DatabaseUnavailableError(), patch)
        with pytest.raises(DatabaseUnavailableError):
            close(store, resting_rankings)
    assert close(store, resting_rankings) == [ranking]


def test_a_board_that_is_not_understood_does_not_keep_others_open(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, good = (make_ranking(store, make_board(store, id=name)) for name in ("lost", "good"))
    make_unreadable(store, "lost")
    monkeypatch.setattr(seals, "MOST_AT_ONCE", 1)
    resting_rankings = RestingRankings()
    assert close(store, resting_rankings) == []
    assert close(store, resting_rankings) == [good]
