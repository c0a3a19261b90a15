"""Reads of a ranking: the same from the set and from SQL, and as a plain list would give them."""

from itertools import product
from typing import Any, NamedTuple
from uuid import UUID

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.rankings.definition import Direction, TieRule
from domain.rankings.folding import to_display
from domain.rankings.reads.pages import read_page
from domain.rankings.reads.reader import RankingNeighborhood, find_neighborhood, find_rank_of
from domain.rankings.reads.standings import Bound, RankingStanding, ReadRanking, bound_of
from domain.store.redis import keys, rankings
from domain.store.store import Store
from tests.integration.rankings.reads.ranked import AT, fill_crowd, make_ranking, put
from tests.rankings import make_board

CROWD = 60
LIMIT = 7
COLUMN = {"value": "metadata.seconds", "direction": "asc"}
SOME, OTHER, THIRD = UUID(int=1), UUID(int=2), UUID(int=3)


class Line(NamedTuple):
    """A row of the reference: a plain list in order."""

    user_id: UUID
    values: tuple[int, ...]
    rank: int


def list_reference(store: Store, ranking: ReadRanking) -> list[Line]:
    """Sort the stored rows, and count the ranks as the rule says."""
    definition = ranking.definition
    with store.read() as connection:
        stored = connection.execute(
            text("SELECT user_id, value, columns, reached_seq FROM ranking_rows")
        ).all()
    directions = [definition.direction, *(each.direction for each in definition.tie_breakers)]
    signs = [-1 if direction is Direction.DESC else 1 for direction in directions]

    def group(row: Any) -> tuple[int, ...]:
        numbers = (row.value, *(row.columns or ()))
        return tuple(sign * number for sign, number in zip(signs, numbers, strict=True))

    ordered = sorted(stored, key=lambda row: (group(row), row.reached_seq, row.user_id))
    groups = [group(row) for row in ordered]
    ranks = {
        TieRule.FIRST_TO_REACH: [index + 1 for index in range(len(ordered))],
        TieRule.COMPETITION: [1 + sum(one < own for one in groups) for own in groups],
        TieRule.DENSE: [1 + len({one for one in groups if one < own}) for own in groups],
    }[definition.ties]
    return [
        Line(row.user_id, (row.value, *(row.columns or ())), rank)
        for row, rank in zip(ordered, ranks, strict=True)
    ]


def shape(ranking: ReadRanking, line: Line) -> RankingStanding:
    numbers = [to_display(ranking.definition, number) for number in line.values]
    name = f"p{str(line.user_id)[:30]}"
    return RankingStanding(line.rank, line.user_id, name, numbers[0], tuple(numbers[1:]), AT)


@pytest.fixture(params=product(TieRule, Direction, [0, 1]), ids=str)
def crowd(request: pytest.FixtureRequest, store: Store) -> ReadRanking:
    """A ranking of many players who tie, for each rule and direction."""
    ties, direction, columns = request.param
    ranking = make_ranking(
        store,
        ties=ties.value,
        direction=direction.value,
        tieBreakers=[COLUMN] * columns,
        aggregate="best",
        decimals=1,
    )
    fill_crowd(store, ranking, CROWD)
    return ranking


def walk(store: Store, ranking: ReadRanking, limit: int = LIMIT) -> list[RankingStanding]:
    """Return all pages, one after the other."""
    standings: list[RankingStanding] = []
    after = None
    while True:
        page = read_page(store, ranking=ranking, after=after, limit=limit)
        standings += page.standings
        after = page.continuation
        if after is None:
            return standings


def look(store: Store, ranking: ReadRanking, user_id: UUID) -> RankingNeighborhood:
    return find_neighborhood(
        store, ranking=ranking, user_id=user_id, neighbors=3, top_size=5, now=AT
    )


def is_read_from_set(store: Store, ranking: ReadRanking) -> bool:
    is_dense = ranking.definition.ties is TieRule.DENSE
    return bool(rankings.list_trusted(store.redis, rankings={ranking.number: is_dense}))


def test_pages_are_in_the_order_and_with_the_ranks_of_the_rule(
    store: Store, crowd: ReadRanking
) -> None:
    expected = [shape(crowd, line) for line in list_reference(store, crowd)]
    assert is_read_from_set(store, crowd)
    assert walk(store, crowd) == expected
    assert walk(store, crowd, CROWD) == expected
    rankings.distrust(store.redis, ranking_nos=[crowd.number])
    assert walk(store, crowd) == expected
    assert walk(store, crowd, CROWD) == expected


def test_a_neighborhood_is_the_same_from_both_stores(store: Store, crowd: ReadRanking) -> None:
    lines = list_reference(store, crowd)
    everything = [shape(crowd, line) for line in lines]
    picked = (0, 1, 17, 30, CROWD - 1)
    from_set = [look(store, crowd, lines[index].user_id) for index in picked]
    rankings.distrust(store.redis, ranking_nos=[crowd.number])
    from_sql = [look(store, crowd, lines[index].user_id) for index in picked]
    assert from_set == from_sql
    for index, found in zip(picked, from_set, strict=True):
        assert found.total == CROWD
        assert list(found.top) == everything[:5]
        assert list(found.around) == everything[max(0, index - 3) : index + 4]
        assert found.own == everything[index]
        better = [line for line in lines if line.rank < lines[index].rank]
        if better:
            missing = abs(better[-1].values[0] - lines[index].values[0])
            assert found.gap == to_display(crowd.definition, missing)
        else:
            assert found.gap is None
        assert found.rank_at_day_start is None


def test_the_rank_of_a_value_is_the_one_that_a_newcomer_with_it_gets(
    store: Store, crowd: ReadRanking
) -> None:
    columns = len(crowd.definition.tie_breakers)
    for value in (-5, 2, 7, 9):
        bound = bound_of(crowd.definition, [value, *([2] * columns)])
        from_set = find_rank_of(store, ranking=crowd, bound=bound)
        rankings.distrust(store.redis, ranking_nos=[crowd.number])
        from_sql = find_rank_of(store, ranking=crowd, bound=bound)
        assert from_set == from_sql
        put(store, crowd, SOME, value, *([2] * columns), seq=1000 + value)
        (line,) = (line for line in list_reference(store, crowd) if line.user_id == SOME)
        with store.write() as connection:
            connection.execute(
                text("DELETE FROM ranking_rows WHERE user_id = :user_id"), {"user_id": SOME}
            )
        assert from_set == (CROWD, line.rank)


def test_without_columns_a_value_is_behind_its_equals(store: Store, crowd: ReadRanking) -> None:
    if not crowd.definition.tie_breakers:
        return
    lines = list_reference(store, crowd)
    value = lines[CROWD // 2].values[0]
    (last,) = [line for line in lines if line.values[0] == value][-1:]
    behind = lines[lines.index(last) + 1]
    bound = bound_of(crowd.definition, [value])
    assert find_rank_of(store, ranking=crowd, bound=bound) == (CROWD, behind.rank)
    rankings.distrust(store.redis, ranking_nos=[crowd.number])
    assert find_rank_of(store, ranking=crowd, bound=bound) == (CROWD, behind.rank)


def test_who_is_not_there_has_the_top_and_nothing_else(store: Store) -> None:
    ranking = make_ranking(store)
    for _ in range(2):
        assert look(store, ranking, SOME) == RankingNeighborhood(0, (), None, (), None, None)
        assert read_page(store, ranking=ranking, after=None, limit=3).standings == ()
        assert find_rank_of(store, ranking=ranking, bound=Bound(bytes(8), True)) == (0, 1)
        rankings.distrust(store.redis, ranking_nos=[ranking.number])


def test_names_come_from_the_global_board_while_it_is_of_this_run_else_from_sql(
    store: Store,
) -> None:
    ranking = make_ranking(store)
    put(store, ranking, SOME, 5, seq=1)
    put(store, ranking, OTHER, 4, seq=2)

    def names() -> list[str]:
        page = read_page(store, ranking=ranking, after=None, limit=3)
        return [standing.username for standing in page.standings]

    stored = [f"p{str(user)[:30]}" for user in (SOME, OTHER)]
    assert names() == stored
    rows = keys.board_rows(GLOBAL_BOARD)
    run_id = store.redis.run(lambda client: client.info("server"))["run_id"]
    member = f"{0:019d}:{SOME}"
    mapping = {"#": run_id, str(SOME): f"1|{member}|5|Ann | Ä", str(OTHER): "damaged"}
    store.redis.run(lambda client: client.hset(rows, mapping=mapping))
    assert names() == ["Ann | Ä", stored[1]]
    store.redis.run(lambda client: client.hset(rows, "#", "the run before"))
    assert names() == stored


def test_a_member_that_no_script_wrote_is_not_read(store: Store) -> None:
    ranking = make_ranking(store)
    put(store, ranking, SOME, 5, seq=1)
    for member in (f"00ff:{OTHER}", f"zz:{OTHER}"):
        row = {str(OTHER): f"1|{member.partition(':')[0]}|5||"}
        store.redis.run(lambda c, m=member: c.zadd(keys.ranking(ranking.number), {m: 0}))
        store.redis.run(lambda c, r=row: c.hset(keys.ranking_rows(ranking.number), mapping=r))
        page = read_page(store, ranking=ranking, after=None, limit=3)
        assert [standing.user_id for standing in page.standings] == [SOME]
        store.redis.run(lambda c, m=member: c.zrem(keys.ranking(ranking.number), m))


def rank_then(store: Store, ranking: ReadRanking, user_id: UUID, day: int) -> int | None:
    now = AT.replace(day=day)
    found = find_neighborhood(
        store, ranking=ranking, user_id=user_id, neighbors=0, top_size=1, now=now
    )
    return found.rank_at_day_start


@pytest.mark.parametrize(
    ("ties", "ranks"),
    [("firstToReach", (3, 1)), ("competition", (2, 1)), ("dense", (2, 1))],
)
def test_the_rank_at_the_start_of_the_day_is_that_of_before_all_of_its_moves(
    store: Store, ties: str, ranks: tuple[int, int]
) -> None:
    ranking = make_ranking(store, ties=ties)
    first, second = "2026-11-25", "2026-11-26"
    for seq, (user, value) in enumerate([(SOME, 50), (OTHER, 40), (THIRD, 40)], start=1):
        put(store, ranking, user, value, seq=seq, day=first)
    assert rank_then(store, ranking, THIRD, 25) is None, "nobody knows what was before"
    assert rank_then(store, ranking, THIRD, 26) == ranks[0], "nobody has moved"
    for seq in range(4, 8):
        put(store, ranking, THIRD, 40 + 5 * seq, seq=seq, day=second)
        put(store, ranking, UUID(int=100 + seq), 45, seq=100 + seq, day=second)
    assert rank_then(store, ranking, THIRD, 26) == ranks[0]
    assert rank_then(store, ranking, SOME, 26) == ranks[1]
    assert rank_then(store, ranking, OTHER, 26) == 2
    assert rank_then(store, ranking, UUID(int=104), 26) is None
    assert rank_then(store, ranking, THIRD, 27) == 1
    rankings.distrust(store.redis, ranking_nos=[ranking.number])
    assert rank_then(store, ranking, SOME, 26) is None


def test_two_rankings_of_a_board_are_read_for_themselves(store: Store) -> None:
    one = make_ranking(store)
    put(store, one, SOME, 5, seq=1)
    other = make_ranking(store, "other")
    put(store, other, OTHER, 5, seq=2)
    assert make_board(store, "third")
    for ranking, user in ((one, SOME), (other, OTHER)):
        page = read_page(store, ranking=ranking, after=None, limit=3)
        assert [standing.user_id for standing in page.standings] == [user]
