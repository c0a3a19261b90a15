"""Rankings in tests: players with rows in SQL, and the same rows in a trusted set in Redis."""

import random
from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID

from sqlalchemy import insert, text

from domain.boards.model import to_milliseconds
from domain.rankings.definition import BoardDefinition, TieRule
from domain.rankings.definition_json import decode_definition
from domain.rankings.folding import group_size, sort_key
from domain.rankings.model import Tally
from domain.rankings.reads.standings import ReadRanking
from domain.store.postgres import tables
from domain.store.redis import rankings
from domain.store.redis.rankings import RankingWrite, RowWrite
from domain.store.store import Store
from tests.rankings import make_board

_INSERT_USER = text(
    "INSERT INTO users (user_id, username, username_key) VALUES"
    " (:user_id, 'p' || left(CAST(:user_id AS text), 30), CAST(:user_id AS text))"
    " ON CONFLICT DO NOTHING"
)
_INSERT_ROW = text(
    "INSERT INTO ranking_rows AS r (ranking_no, user_id, value, columns, reached_seq, is_moved,"
    "   counted, version, sort_key, last_updated)"
    " VALUES (:ranking, :user_id, :value, CAST(:columns AS bigint[]), :seq, true, 1, :seq, :key,"
    "   :at) ON CONFLICT (ranking_no, user_id) DO UPDATE SET value = excluded.value,"
    "   columns = excluded.columns, reached_seq = excluded.reached_seq,"
    "   version = excluded.version, sort_key = excluded.sort_key"
)
AT = datetime(2026, 11, 26, 12, 0, 0, 123_000, tzinfo=UTC)


def make_ranking(
    store: Store, slug: str = "some", *, period_key: str = "all", segment: str = "", **fields: Any
) -> ReadRanking:
    """Store a live board with one empty ranking, whose set is trusted."""
    number = make_board(store, slug, **fields)
    ranking_no = add_ranking(store, number, period_key=period_key, segment=segment)
    return ReadRanking(ranking_no, decode_definition({"id": slug, **fields}))


def add_ranking(
    store: Store, version_no: int, *, period_key: str, segment: str = "", **columns: Any
) -> int:
    """Store an empty ranking of a version, whose set is trusted; return its number."""
    values = {"version_no": version_no, "period_key": period_key, "segment": segment, **columns}
    with store.write() as connection:
        statement = insert(tables.rankings).values(values).returning(tables.rankings.c.ranking_no)
        ranking_no: int = connection.execute(statement).scalar_one()
    trust(store, ranking_no)
    return ranking_no


def trust(store: Store, ranking_no: int, rows: Sequence[RankingWrite] = ()) -> None:
    """Empty the ranking's set, fill it with these rows, and declare it complete."""
    token = rankings.begin_rebuild(store.redis, ranking_nos=[ranking_no])
    rankings.write_rankings(store.redis, rows)
    numbers = rankings.finish_rebuild(store.redis, ranking_nos=[ranking_no], token=token)
    assert numbers == {ranking_no}


def put(
    store: Store, ranking: ReadRanking, user_id: UUID, *values: int, seq: int, day: str = ""
) -> None:
    """Give a player this value and these columns, in SQL and in the set."""
    put_all(store, ranking, [(user_id, values, seq)], day=day)


def put_all(
    store: Store,
    ranking: ReadRanking,
    rows: Iterable[tuple[UUID, Sequence[int], int]],
    *,
    day: str = "",
    is_in_set: bool = True,
) -> None:
    """Give players values and columns, reached by the action of this number, also their version."""
    definition, writes, stored = ranking.definition, [], []
    for user_id, values, seq in rows:
        tally = Tally(values[0], tuple(values[1:]), seq, True, 1)
        key = sort_key(definition, tally)
        writes.append(RowWrite(str(user_id), key.hex(), seq, to_milliseconds(AT)))
        stored.append(
            {
                "ranking": ranking.number,
                "user_id": user_id,
                "value": tally.value,
                "columns": list(tally.columns) or None,
                "seq": seq,
                "key": key,
                "at": AT,
            }
        )
    with store.write() as connection:
        connection.execute(_INSERT_USER, stored)
        connection.execute(_INSERT_ROW, stored)
    if is_in_set:
        rankings.write_rankings(store.redis, [make_write(ranking, writes, day)])


def make_write(ranking: ReadRanking, rows: Sequence[RowWrite], day: str = "") -> RankingWrite:
    """Return what the script is told of the ranking."""
    definition: BoardDefinition = ranking.definition
    is_dense = definition.ties is TieRule.DENSE
    return RankingWrite(ranking.number, is_dense, group_size(definition), day, rows)


def fill_crowd(store: Store, ranking: ReadRanking, count: int) -> None:
    """Give a crowd few different values, so that most of them tie."""
    dice = random.Random(7)
    columns = len(ranking.definition.tie_breakers)
    ids = [UUID(int=dice.getrandbits(128)) for _ in range(count)]
    numbers = list(range(1, count + 1))
    dice.shuffle(numbers)
    rows = [
        (user, [dice.randrange(-3, 8) for _ in range(1 + columns)], number)
        for user, number in zip(ids, numbers, strict=True)
    ]
    put_all(store, ranking, rows)
