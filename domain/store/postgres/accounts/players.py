"""SQL that inserts a player's rows: the identity, and the score row that actions refer to."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection

from domain.accounts.lookalikes import skeleton
from domain.accounts.names import (
    alternative_username,
    player_username,
    unpredictable_username,
    username_key,
)
from domain.store.postgres.statements import sql


def ensure_players(connection: Connection, *, claimed_names: Mapping[UUID, str | None]) -> None:
    """Insert missing `users` and `user_scores` rows, in the order of the ids to avoid deadlocks.

    A name that is taken, or looks like one that is, gets a suffix made of the player's id; if that
    name was registered too, to keep the player out, the player gets an unpredictable name.
    """
    if not claimed_names:
        return
    names = {user: player_username(claimed, user) for user, claimed in claimed_names.items()}
    _insert_users(connection, names, claimed_names)
    unnamed = _list_without_identity(connection, names)
    if unnamed:
        suffixed = {user: alternative_username(names[user], user) for user in unnamed}
        _insert_users(connection, suffixed, claimed_names)
        unnamed = _list_without_identity(connection, suffixed)
        unpredictable = {user: unpredictable_username() for user in unnamed}
        _insert_users(connection, unpredictable, claimed_names)
    connection.execute(
        sql(
            "INSERT INTO user_scores (user_id) SELECT u FROM unnest(CAST(:users AS uuid[])) u"
            " ORDER BY u ON CONFLICT DO NOTHING"
        ),
        {"users": [str(user) for user in names]},
    )


def _insert_users(
    connection: Connection, names: Mapping[UUID, str], claims: Mapping[UUID, str | None]
) -> None:
    if not names:
        return
    connection.execute(
        sql(
            "INSERT INTO users (user_id, username, username_key, username_skeleton, claimed_name)"
            " SELECT u, n, k, s, left(c, 64) FROM unnest(CAST(:users AS uuid[]),"
            " CAST(:names AS text[]), CAST(:keys AS text[]), CAST(:skeletons AS text[]),"
            " CAST(:claims AS text[])) AS t(u, n, k, s, c) ORDER BY u ON CONFLICT DO NOTHING"
        ),
        {
            "users": [str(user) for user in names],
            "names": list(names.values()),
            "keys": [username_key(name) for name in names.values()],
            "skeletons": [skeleton(name) for name in names.values()],
            "claims": [claims.get(user) for user in names],
        },
    )


def _list_without_identity(connection: Connection, users: Mapping[UUID, str]) -> list[UUID]:
    rows = connection.execute(
        sql(
            "SELECT u FROM unnest(CAST(:users AS uuid[])) u"
            " WHERE NOT EXISTS (SELECT 1 FROM users x WHERE x.user_id = u) ORDER BY u"
        ),
        {"users": [str(user) for user in users]},
    )
    return list(rows.scalars())
