"""SQL of the past: who has acted in a span of time, and what.

Called by `domain/rankings/history`.
"""

from collections.abc import Collection, Sequence

from sqlalchemy import Connection

from domain.rankings.model import CountedAction, PlayerFacts
from domain.store.postgres.rankings.ledger.actions import Span
from domain.store.postgres.rankings.players import list_attributes, list_joined
from domain.store.postgres.statements import sql

_WITHIN = (
    "a.status = 'applied'"
    # Who is off the boards is on none of the past either, as long as the ban runs.
    " AND a.user_id NOT IN (SELECT user_id FROM bans WHERE ended_at IS NULL)"
    " AND (CAST(:types AS text[]) IS NULL OR a.action_type = ANY(CAST(:types AS text[])))"
    " AND (CAST(:since AS timestamptz) IS NULL OR a.created_at >= CAST(:since AS timestamptz))"
    " AND (CAST(:until AS timestamptz) IS NULL OR a.created_at < CAST(:until AS timestamptz))"
)

_LAST = f"""
SELECT last.* FROM unnest(CAST(:ids AS uuid[])) AS player(user_id)
CROSS JOIN LATERAL (
    SELECT a.action_no, CAST(a.user_id AS text), a.action_type, a.score_delta,
        CASE WHEN :metadata THEN CAST(a.metadata AS text) END, a.created_at
    FROM user_actions a WHERE a.user_id = player.user_id AND {_WITHIN}
    ORDER BY a.action_no DESC LIMIT :limit
) last
"""


def list_players_of(
    connection: Connection, *, span: Span, action_types: Sequence[str], limit: int
) -> list[str]:
    """Return whose the first `limit` applied actions of the span are, each as often as it has one.

    Those of archived months are not there.
    """
    rows = connection.execute(
        sql(f"SELECT CAST(a.user_id AS text) FROM user_actions a WHERE {_WITHIN} LIMIT :limit"),
        {"types": list(action_types) or None, "limit": limit, **span._asdict()},
    )
    return list(rows.scalars())


def list_actions_of(
    connection: Connection,
    *,
    user_ids: Collection[str] | None,
    span: Span,
    action_types: Sequence[str],
    with_metadata: bool,
    limit: int,
) -> list[CountedAction]:
    """Return the first `limit` applied actions of these players, or of all, in the span.

    By player and number. Those of archived months are not there.
    """
    rows = connection.execute(
        sql(
            "SELECT a.action_no, CAST(a.user_id AS text), a.action_type, a.score_delta,"
            " CASE WHEN :metadata THEN CAST(a.metadata AS text) END, a.created_at"
            f" FROM user_actions a WHERE {_WITHIN}"
            f"{'' if user_ids is None else ' AND a.user_id = ANY(CAST(:ids AS uuid[]))'}"
            " LIMIT :limit"
        ),
        {
            "types": list(action_types) or None,
            "ids": list(user_ids or ()),
            "metadata": with_metadata,
            "limit": limit,
            **span._asdict(),
        },
    )
    actions = [CountedAction(*row) for row in rows]
    return sorted(actions, key=lambda action: (action.user_id, action.action_no))


def list_last_actions_of(
    connection: Connection,
    *,
    user_ids: Collection[str],
    span: Span,
    with_metadata: bool,
    limit: int,
) -> dict[str, list[CountedAction]]:
    """Return the last `limit` applied actions of each of these players in the span, by number.

    Those of archived months are not there. Of every type: to look for those of a type that a player
    hardly ever sends could take all that the player has done.
    """
    rows = connection.execute(
        sql(_LAST),
        {
            "ids": list(user_ids),
            "types": None,
            "metadata": with_metadata,
            "limit": limit,
            **span._asdict(),
        },
    )
    found: dict[str, list[CountedAction]] = {}
    for row in rows:
        action = CountedAction(*row)
        found.setdefault(action.user_id, []).append(action)
    return {user: actions[::-1] for user, actions in found.items()}


def find_facts(connection: Connection, *, user_ids: Collection[str]) -> dict[str, PlayerFacts]:
    """Return what boards need of these players; who does not exist is absent."""
    rows = connection.execute(
        sql("SELECT CAST(user_id AS text) FROM users WHERE user_id = ANY(CAST(:ids AS uuid[]))"),
        {"ids": list(user_ids)},
    )
    users = list(rows.scalars())
    joined = list_joined(connection, user_ids=users)
    attributes = list_attributes(connection, user_ids=users)
    return {
        user: PlayerFacts(now, joined.get(user, {}), history)
        for user in users
        for now, history in (attributes.get(user, ({}, {})),)
    }
