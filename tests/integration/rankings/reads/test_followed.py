"""The rows around many players of a ranking at once: what the reads for one give."""

from dataclasses import replace

import pytest

from domain.boards.model import AroundAsked
from domain.rankings.definition import TieRule
from domain.rankings.reads.followed import find_neighborhoods
from domain.rankings.reads.pages import read_page
from domain.rankings.reads.reader import find_neighborhood
from domain.rankings.reads.standings import ReadRanking
from domain.store.redis import rankings
from domain.store.store import Store
from tests.integration.rankings.reads.ranked import AT, fill_crowd, make_ranking

CROWD = 40


@pytest.fixture(params=TieRule, ids=str)
def crowd(request: pytest.FixtureRequest, store: Store) -> ReadRanking:
    """A ranking of many players who tie, for each rule."""
    ranking = make_ranking(store, ties=request.param.value, aggregate="best")
    fill_crowd(store, ranking, CROWD)
    return ranking


def test_the_rows_around_many_are_those_around_each(store: Store, crowd: ReadRanking) -> None:
    rows = read_page(store, ranking=crowd, after=None, limit=CROWD).standings
    asked = [AroundAsked(rows[index].user_id, 3) for index in (0, 1, 17, 30, CROWD - 1)]
    found = find_neighborhoods(store, ranking=crowd, asked=asked)
    for each, marked in zip(asked, found, strict=True):
        alone = find_neighborhood(
            store, ranking=crowd, user_id=each.user_id, neighbors=3, top_size=0, now=AT
        )
        assert marked is not None
        assert replace(marked.found, rank_at_day_start=None) == replace(
            alone, rank_at_day_start=None
        )
    rankings.distrust(store.redis, ranking_nos=[crowd.number])
    from_sql = find_neighborhoods(store, ranking=crowd, asked=asked)
    assert [each and each.found for each in from_sql] == [each and each.found for each in found]


def test_rows_that_are_known_by_their_mark_are_left_out(store: Store, crowd: ReadRanking) -> None:
    rows = read_page(store, ranking=crowd, after=None, limit=CROWD).standings
    asked = [AroundAsked(row.user_id, 2) for row in rows[:3]]
    found = find_neighborhoods(store, ranking=crowd, asked=asked)
    known = [
        replace(each, mark=marked.mark) for each, marked in zip(asked, found, strict=True) if marked
    ]
    known[1] = replace(known[1], mark="another")
    again = find_neighborhoods(store, ranking=crowd, asked=known)
    assert again == [None, found[1], None]
