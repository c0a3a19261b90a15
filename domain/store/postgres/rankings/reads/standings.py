"""SQL of the order of a ranking: the answers while its sorted set is not trusted, and closed ones.

The order is `sort_key, user_id`; the index ix_ranking_rows_order has it. Every function takes the
revision of a sealed ranking; LATEST is the rows as they are now. The caller's transaction decides
of which moment they are.
"""

from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.definition import TieRule
from domain.rankings.reads.standings import Bound, Order, Place, PlacedRow, Span, Surroundings
from domain.store.postgres.statements import sql

LATEST = 2**31 - 1
"""No revision is as large: no row that is kept for one replaces a row of now."""

# Rows as they were in a revision: what was kept for it or a later one comes before the row of now.
_KEPT = (
    "kept AS (SELECT DISTINCT ON (user_id) user_id, sort_key, last_updated"
    " FROM ranking_row_revisions WHERE ranking_no = :ranking AND until_revision >= :revision"
    " ORDER BY user_id, until_revision)"
)
_COLUMNS = "r.sort_key, r.user_id, u.username, date_trunc('milliseconds', r.last_updated)"


def _rows(condition: str, order: str) -> str:
    """Return the statement of up to :limit rows with names, in this order; `r` is the row."""
    return (
        f"WITH {_KEPT}, r AS ("
        " (SELECT r.sort_key, r.user_id, r.last_updated FROM ranking_rows r"
        f"   WHERE r.ranking_no = :ranking AND {condition}"
        "   AND NOT EXISTS (SELECT FROM kept k WHERE k.user_id = r.user_id)"
        f"   ORDER BY {order} LIMIT :limit)"
        " UNION ALL SELECT r.sort_key, r.user_id, r.last_updated FROM kept r"
        f"   WHERE r.sort_key IS NOT NULL AND {condition})"
        f" SELECT {_COLUMNS} FROM r JOIN users u USING (user_id) ORDER BY {order} LIMIT :limit"
    )


def _count(condition: str, counted: str = "*") -> str:
    """Return the statement that counts rows; `r` is the row."""
    return (
        f"WITH {_KEPT}, r AS ("
        " SELECT r.sort_key, r.user_id FROM ranking_rows r"
        f"   WHERE r.ranking_no = :ranking AND {condition}"
        "   AND NOT EXISTS (SELECT FROM kept k WHERE k.user_id = r.user_id)"
        " UNION ALL SELECT r.sort_key, r.user_id FROM kept r"
        f"   WHERE r.sort_key IS NOT NULL AND {condition})"
        f" SELECT count({counted}) FROM r"
    )


_FORWARD = "r.sort_key, r.user_id"
_BACKWARD = "r.sort_key DESC, r.user_id DESC"
_PLACE = "(CAST(:key AS bytea), CAST(:user_id AS uuid))"
_FIRST = _rows("true", _FORWARD)
_BEHIND = _rows(f"(r.sort_key, r.user_id) > {_PLACE}", _FORWARD)
_BEFORE = _rows(f"(r.sort_key, r.user_id) < {_PLACE}", _BACKWARD)
_BETTER = _rows("r.sort_key < CAST(:key AS bytea)", _BACKWARD)
_OF_USER = _rows("r.user_id = CAST(:user_id AS uuid)", _FORWARD)
_COUNT_ALL = _count("true")
_COUNT_BEFORE = _count(f"(r.sort_key, r.user_id) < {_PLACE}")
_COUNT_TO = _count(f"(r.sort_key, r.user_id) <= {_PLACE}")
_COUNT_BETTER = _count("r.sort_key < CAST(:key AS bytea)")
_COUNT_GROUPS = _count(
    "r.sort_key < CAST(:key AS bytea)", "DISTINCT substring(r.sort_key FROM 1 FOR :group_bytes)"
)


def count_rows(connection: Connection, *, ranking_no: int, revision: int = LATEST) -> int:
    """Return how many rows there are."""
    return _number(connection, _COUNT_ALL, ranking=ranking_no, revision=revision)


def list_first(
    connection: Connection, *, ranking_no: int, limit: int, revision: int = LATEST
) -> Span:
    """Return the first rows."""
    rows = _list(connection, _FIRST, ranking=ranking_no, revision=revision, limit=limit)
    return Span(0, 1, rows)


def list_behind(
    connection: Connection, *, ranking_no: int, after: Place, limit: int, revision: int = LATEST
) -> tuple[PlacedRow, ...]:
    """Return up to `limit` rows behind the place."""
    return _list(
        connection,
        _BEHIND,
        ranking=ranking_no,
        revision=revision,
        limit=limit,
        key=after.sort_key,
        user_id=after.user_id,
    )


def find_page(
    connection: Connection,
    *,
    ranking_no: int,
    order: Order,
    after: Place,
    limit: int,
    revision: int = LATEST,
) -> Span:
    """Return up to `limit` rows behind the place; the rank comes from counting those ahead."""
    of = {"ranking": ranking_no, "revision": revision}
    rows = list_behind(
        connection, ranking_no=ranking_no, after=after, limit=limit, revision=revision
    )
    index = _number(connection, _COUNT_TO, **of, key=after.sort_key, user_id=after.user_id)
    rank = _rank(connection, of, order, rows[0], index) if rows else 0
    return Span(index, rank, rows)


def find_surroundings(
    connection: Connection,
    *,
    ranking_no: int,
    order: Order,
    user_id: UUID,
    neighbors: int,
    top_size: int,
    revision: int = LATEST,
) -> Surroundings:
    """Return the top and the rows around the user, who had an unknown rank when the day began.

    The transaction must be of one moment.
    """
    of = {"ranking": ranking_no, "revision": revision}
    total = count_rows(connection, ranking_no=ranking_no, revision=revision)
    top = list_first(connection, ranking_no=ranking_no, limit=top_size, revision=revision)
    own = _list(connection, _OF_USER, **of, user_id=user_id, limit=1)
    if not own:
        return Surroundings(total, top, Span(0, 0, ()), None, None, None)
    key = own[0].sort_key
    place = {**of, "key": key, "user_id": user_id}
    before = _list(connection, _BEFORE, **place, limit=neighbors)[::-1]
    behind = _list(connection, _BEHIND, **place, limit=neighbors)
    index = _number(connection, _COUNT_BEFORE, **place)
    around = (*before, *own, *behind)
    first = index - len(before)
    return Surroundings(
        total,
        top,
        Span(first, _rank(connection, of, order, around[0], first), around),
        index,
        _find_ahead(connection, place, order),
        None,
    )


def find_rank_of(
    connection: Connection,
    *,
    ranking_no: int,
    order: Order,
    bound: Bound,
    revision: int = LATEST,
) -> int:
    """Return the rank of a row that would come here."""
    of = {"ranking": ranking_no, "revision": revision}
    # No sort key with the prefix is larger than this.
    return _rank_before(connection, of, order, bound.prefix + b"\xff" * 64 * bound.is_behind)


def _find_ahead(connection: Connection, place: dict[str, object], order: Order) -> bytes | None:
    """Return the sort key of the last row with a better rank than the one at this place."""
    if order.ties is TieRule.FIRST_TO_REACH:
        found = _list(connection, _BEFORE, **place, limit=1)
    else:
        key = place["key"]
        assert isinstance(key, bytes)
        bound = {**place, "key": key[: order.group_bytes]}
        found = _list(connection, _BETTER, **bound, limit=1)
    return found[0].sort_key if found else None


def _rank(
    connection: Connection, of: dict[str, int], order: Order, row: PlacedRow, index: int
) -> int:
    if order.ties is TieRule.FIRST_TO_REACH:
        return index + 1
    # A shorter text is smaller than the same with more behind it.
    return _rank_before(connection, of, order, row.sort_key[: order.group_bytes])


def _rank_before(connection: Connection, of: dict[str, int], order: Order, key: bytes) -> int:
    if order.ties is TieRule.DENSE:
        return 1 + _number(connection, _COUNT_GROUPS, **of, key=key, group_bytes=order.group_bytes)
    return 1 + _number(connection, _COUNT_BETTER, **of, key=key)


def _number(connection: Connection, statement: str, **parameters: object) -> int:
    return int(connection.execute(sql(statement), parameters).scalar_one())


def _list(connection: Connection, statement: str, **parameters: object) -> tuple[PlacedRow, ...]:
    rows = connection.execute(sql(statement), parameters)
    # psycopg2 returns a view of the bytes.
    return tuple(PlacedRow(bytes(key), user, name, at) for key, user, name, at in rows)
