"""SQL that makes a player's rows: the identity and the score row every action hangs on."""

from collections.abc import Mapping
from uuid import UUID

from sqlalchemy import Connection

from domain.accounts.names import (
    alternative_username,
    player_username,
    unforeseeable_username,
    username_key,
)
from domain.store.postgres.statements import sql


def ensure_players(connection: Connection, *, claimed_names: Mapping[UUID, str | None]) -> None:
    """Make `users` and `user_scores` rows for those who have none, sorted by id.

    A name that is taken gets a suffix of the player's own id; where that one was taken too, by
    somebody who wants to keep the player out, the name is one that nobody can foresee.
    """
    if not claimed_names:
        return
    names = {user: player_username(claimed, user) for user, claimed in claimed_names.items()}
    _insert_users(connection, names)
    unnamed = _list_without_identity(connection, names)
    if unnamed:
        suffixed = {user: alternative_username(names[user], user) for user in unnamed}
        _insert_users(connection, suffixed)
        unnamed = _list_without_identity(connection, suffixed)
        _insert_users(connection, {user: unforeseeable_username() for user in unnamed})
    connection.execute(
        sql(
            "INSERT INTO user_scores (user_id) SELECT u FROM unnest(CAST(:users AS uuid[])) u"
            " ORDER BY u ON CONFLICT DO NOTHING"
        ),
        {"users": [str(user) for user in names]},
    )


def _insert_users(connection: Connection, names: Mapping[UUID, str]) -> None:
    if not names:
        return
    connection.execute(
        sql(
            "INSERT INTO users (user_id, username, username_key)"
            " SELECT u, n, k FROM unnest(CAST(:users AS uuid[]), CAST(:names AS text[]),"
            " CAST(:keys AS text[])) AS t(u, n, k) ORDER BY u ON CONFLICT DO NOTHING"
        ),
        {
            "users": [str(user) for user in names],
            "names": list(names.values()),
            "keys": [username_key(name) for name in names.values()],
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
