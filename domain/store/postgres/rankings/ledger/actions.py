"""SQL of the ledger as boards are made of it: players in order of id, and their applied actions.

Called by `domain/rankings/ledger`. Archived actions are in files, see
`domain/rankings/ledger/archived.py`.
"""

from collections.abc import Iterator, Sequence
from datetime import datetime
from typing import Any, NamedTuple
from uuid import UUID

from sqlalchemy import Connection

from domain.rankings.belonging import decode_history
from domain.rankings.model import CountedAction, PlayerFacts
from domain.store.postgres.advisory_locks import NAMESPACE, AdvisoryLock
from domain.store.postgres.statements import sql

FETCHED_ROWS = 2_000
# Longer than a step of archiving, which ends itself after some seconds.
ARCHIVE_STEP_TIMEOUT_MS = 60_000


class LedgerPlayer(NamedTuple):
    """A player with a score: everything beside the actions that decides the player's rows.

    `version` grows with every action that is applied; `actions` counts them, archived ones too.
    Who is withheld, by a ban, has no row of any board.
    """

    user_id: UUID
    version: int
    actions: int
    facts: PlayerFacts
    is_withheld: bool = False


class Span(NamedTuple):
    """A span of intake time, the end excluded; None where it is open."""

    since: datetime | None = None
    until: datetime | None = None


EVER = Span()


def hold_months(connection: Connection) -> None:
    """Let no month be dropped until the transaction ends, so that each is in one place only.

    The months that are archived must be read after it. Readers and writers are not blocked.
    """
    connection.execute(sql("LOCK TABLE ONLY user_actions IN ACCESS SHARE MODE"))


def pause_archiving(connection: Connection) -> None:
    """Let archiving find itself busy until the transaction ends, which may take long.

    A drop that waits for the transaction would let every other one wait behind it. Waits for the
    step of archiving that is under way.
    """
    connection.execute(sql(f"SET LOCAL lock_timeout = {ARCHIVE_STEP_TIMEOUT_MS}"))
    connection.execute(
        sql("SELECT pg_advisory_xact_lock_shared(:namespace, :lock)"),
        {"namespace": NAMESPACE, "lock": AdvisoryLock.ARCHIVE},
    )


_PLAYER = (
    "s.user_id, s.version, s.total_actions, u.attributes, u.attribute_history,"
    " (SELECT array_agg(m.board_id ORDER BY m.board_id) FROM board_members m"
    "   WHERE m.user_id = s.user_id),"
    " (SELECT array_agg(m.joined_at ORDER BY m.board_id) FROM board_members m"
    "   WHERE m.user_id = s.user_id), s.withheld_seq IS NOT NULL"
    " FROM user_scores s JOIN users u ON u.user_id = s.user_id"
)


_HAS_ACTIONS = "(s.reached_seq IS NOT NULL OR s.withheld_seq > 0)"


def count_players(connection: Connection) -> int:
    """Return how many players have applied actions."""
    return int(
        connection.execute(
            sql(f"SELECT count(*) FROM user_scores s WHERE {_HAS_ACTIONS}")
        ).scalar_one()
    )


def list_players(connection: Connection, *, after: UUID | None, limit: int) -> list[LedgerPlayer]:
    """Return the next players with applied actions behind `after`, in order of id."""
    rows = connection.execute(
        sql(
            f"SELECT {_PLAYER} WHERE {_HAS_ACTIONS}"
            " AND (CAST(:after AS uuid) IS NULL"
            "   OR s.user_id > CAST(:after AS uuid) AND u.user_id > CAST(:after AS uuid))"
            " ORDER BY s.user_id LIMIT :limit"
        ),
        {"after": after, "limit": limit},
    )
    return [_player(tuple(row)) for row in rows]


def find_player(connection: Connection, *, user_id: UUID) -> LedgerPlayer | None:
    """Return this player, without a lock."""
    row = connection.execute(
        sql(f"SELECT {_PLAYER} WHERE s.user_id = :user_id"), {"user_id": user_id}
    ).one_or_none()
    return None if row is None else _player(tuple(row))


def lock_players(connection: Connection, *, user_ids: Sequence[UUID]) -> list[LedgerPlayer]:
    """Lock these players' scores in order of their ids, as scoring does, and return them."""
    ids = {"ids": [str(user_id) for user_id in user_ids]}
    connection.execute(
        sql(
            "SELECT 1 FROM user_scores s WHERE s.user_id = ANY(CAST(:ids AS uuid[]))"
            " ORDER BY s.user_id FOR NO KEY UPDATE"
        ),
        ids,
    )
    # Only then: a statement that waits for locks returns the rows of other tables as they were.
    rows = connection.execute(
        sql(f"SELECT {_PLAYER} WHERE s.user_id = ANY(CAST(:ids AS uuid[])) ORDER BY s.user_id"),
        ids,
    )
    return [_player(tuple(row)) for row in rows]


def _player(row: Sequence[Any]) -> LedgerPlayer:
    user_id, version, actions, attributes, history, boards, joined, is_withheld = row
    facts = PlayerFacts(
        attributes or {},
        dict(zip(boards or (), joined or (), strict=True)),
        decode_history(history),
    )
    return LedgerPlayer(user_id, version, actions, facts, is_withheld)


_ACTION = (
    "a.action_no, CAST(a.user_id AS text), a.action_type, a.score_delta,"
    " CASE WHEN :metadata THEN CAST(a.metadata AS text) END, a.created_at"
)
_WITHIN = (
    "a.status = 'applied'"
    " AND (CAST(:since AS timestamptz) IS NULL OR a.created_at >= CAST(:since AS timestamptz))"
    " AND (CAST(:until AS timestamptz) IS NULL OR a.created_at < CAST(:until AS timestamptz))"
)


def iterate_applied(
    connection: Connection, *, after: UUID | None, last: UUID, span: Span, with_metadata: bool
) -> Iterator[CountedAction]:
    """Yield the applied actions of the players behind `after` up to `last`, that are not archived.

    In order of player and number, some at a time.
    """
    rows = connection.execution_options(stream_results=True, yield_per=FETCHED_ROWS).execute(
        # By the range of ids, which the key's index has in this order; not by a list of them.
        sql(
            f"SELECT {_ACTION} FROM user_actions a WHERE {_WITHIN}"
            " AND (CAST(:after AS uuid) IS NULL OR a.user_id > CAST(:after AS uuid))"
            " AND a.user_id <= CAST(:last AS uuid) ORDER BY a.user_id, a.action_no"
        ),
        {"after": after, "last": last, "metadata": with_metadata, **span._asdict()},
    )
    for row in rows:
        yield CountedAction(*row)


def list_applied(
    connection: Connection, *, user_ids: Sequence[UUID], span: Span, with_metadata: bool
) -> list[CountedAction]:
    """Return the applied actions of these players that are not archived, by player and number."""
    rows = connection.execute(
        sql(
            f"SELECT {_ACTION} FROM user_actions a WHERE {_WITHIN}"
            " AND a.user_id = ANY(CAST(:ids AS uuid[])) ORDER BY a.user_id, a.action_no"
        ),
        {
            "ids": [str(user_id) for user_id in user_ids],
            "metadata": with_metadata,
            **span._asdict(),
        },
    )
    return [CountedAction(*row) for row in rows]


def find_owners(connection: Connection, *, action_ids: Sequence[UUID]) -> dict[UUID, UUID]:
    """Return whose these actions are, archived ones too."""
    rows = connection.execute(
        sql(
            "SELECT action_id, user_id FROM action_ids WHERE action_id = ANY(CAST(:ids AS uuid[]))"
        ),
        {"ids": [str(action_id) for action_id in action_ids]},
    )
    return {row.action_id: row.user_id for row in rows}
