"""SQL of what the sorted sets of rankings hold: which are read from Redis, and their rows.

Called by `domain/rankings/sets` and `domain/verification`. A period that is over is read from SQL.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.definition import PeriodKind
from domain.rankings.model import BoardVersion
from domain.store.postgres.statements import sql
from domain.store.postgres.tables import IS_UNSEALED


class OpenRanking(NamedTuple):
    """A ranking that is read from Redis, or will be once its version is live."""

    ranking_no: int
    version: BoardVersion


class SetRow(NamedTuple):
    """A player's row as the set has it: the sort key in hexadecimal digits."""

    ranking_no: int
    user_id: str
    member: str
    version: int
    updated_ms: int


# By the index of what is not sealed, which has none of the many rankings that are over for long.
_ENDING = f"""
SELECT ranking_no, version_no FROM rankings
WHERE {IS_UNSEALED} AND period_end > :now AND version_no = ANY(CAST(:versions AS bigint[]))
"""
_ENDLESS = """
SELECT ranking_no, version_no FROM rankings
WHERE period_end IS NULL AND version_no = ANY(CAST(:versions AS bigint[]))
"""
_ENDLESS_KINDS = (PeriodKind.NONE, PeriodKind.ROLLING)


def list_open_rankings(
    connection: Connection, *, versions: Sequence[BoardVersion], now: datetime
) -> list[OpenRanking]:
    """Return the rankings of these versions whose period is not over at `now`."""
    by_number = {version.number: version for version in versions}
    endless = {
        version.number for version in versions if version.definition.period.kind in _ENDLESS_KINDS
    }
    found: list[OpenRanking] = []
    for statement, numbers in ((_ENDLESS, endless), (_ENDING, by_number.keys() - endless)):
        if numbers:
            rows = connection.execute(sql(statement), {"versions": list(numbers), "now": now})
            found += [OpenRanking(number, by_number[of]) for number, of in rows]
    return found


def list_closed_rankings(
    connection: Connection, *, since: datetime | None, until: datetime
) -> list[int]:
    """Return the rankings whose period ended in this span, the end excluded."""
    rows = connection.execute(
        sql(
            "SELECT ranking_no FROM rankings WHERE period_end < :until"
            " AND (CAST(:since AS timestamptz) IS NULL OR period_end >= :since)"
            " ORDER BY ranking_no"
        ),
        {"since": since, "until": until},
    )
    return list(rows.scalars())


_ROW = (
    "w.ranking_no, CAST(w.user_id AS text), encode(w.sort_key, 'hex'), w.version,"
    " CAST(floor(extract(epoch FROM w.last_updated) * 1000) AS bigint)"
)
_CHUNK = f"""
SELECT w.* FROM unnest(CAST(:numbers AS bigint[]), CAST(:after AS uuid[])) AS t(number, after)
CROSS JOIN LATERAL (
    SELECT {_ROW} FROM ranking_rows w WHERE w.ranking_no = t.number AND w.user_id > t.after
    ORDER BY w.user_id LIMIT :limit
) w
"""
_BEFORE_ALL = UUID(int=0)


def list_set_rows(
    connection: Connection, *, after: Mapping[int, str | None], limit: int
) -> list[SetRow]:
    """Return the next rows of each of these rankings, in order of its players' ids.

    `after` has the last player of the chunk before, None for the first; `limit` is for each.
    """
    rows = connection.execute(
        sql(_CHUNK),
        {
            "numbers": list(after),
            "after": [last or _BEFORE_ALL for last in after.values()],
            "limit": limit,
        },
    )
    return [SetRow(*row) for row in rows]


def find_set_rows(
    connection: Connection, *, ranking_no: int, user_ids: Sequence[str]
) -> dict[str, SetRow]:
    """Return these players' rows by their ids; who is not in the ranking, or no id, is absent."""
    rows: Any = connection.execute(
        sql(
            f"SELECT {_ROW} FROM ranking_rows w WHERE w.ranking_no = :number"
            " AND w.user_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"number": ranking_no, "ids": list(filter(_is_id, user_ids))},
    )
    return {row[1]: SetRow(*row) for row in rows}


def _is_id(text: str) -> bool:
    try:
        return str(UUID(text)) == text
    except ValueError:
        return False
