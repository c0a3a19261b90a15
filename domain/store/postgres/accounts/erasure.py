"""SQL that erases what is stored of a player beside the identity; called by `accounts/erasing.py`.

What scores, boards and the audit log are made of stays, without the texts in it.
"""

from collections.abc import Iterable, Mapping
from typing import Any
from uuid import UUID

from sqlalchemy import Connection, text

from domain.store.postgres.stages import IS_PENDING

Names = dict[str, str | list[str]]

# Whole rows of the player, by table.
_DELETED = (
    "client_sightings",
    "granted_roles",
    "play_sessions",
    "player_profiles",
    "second_factors",
)
# Words of others about the player, and the player's own: of what was said the rows stay.
_EMPTIED = {"appeals": "message", "moderation_acts": "reason", "bans": "note"}

# All copies of an action are in batches of its own time of intake; those that have none yet are
# pending. In order of their ids, as others lock several.
_BATCHES = f"""
SELECT batch_id FROM action_batches WHERE batch_id IN (
    SELECT b.batch_id FROM action_batches b WHERE b.created_at IN (
        SELECT created_at FROM user_actions WHERE user_id = :user_id)
    UNION SELECT batch_id FROM action_batches WHERE {IS_PENDING}
) AND user_ids @> ARRAY[CAST(:user_id AS uuid)] ORDER BY batch_id FOR NO KEY UPDATE
"""
_VERDICTS = """
    (SELECT jsonb_object_agg(v.key, CASE WHEN v.key = ANY(own.numbers)
        THEN v.value #- '{{checks,review,note}}' ELSE v.value END)
     FROM jsonb_each(b.verdicts) v)
"""
_ERASE_IN_BATCHES = f"""
UPDATE action_batches b SET metadata = own.metadata, request_ids = own.request_ids,
    client_nos = CASE WHEN b.client_nos IS NOT NULL THEN own.client_nos END,
    verdicts = CASE WHEN b.verdicts IS NOT NULL THEN {_VERDICTS} END
FROM (
    SELECT b.batch_id,
        array_agg(CASE WHEN e.user_id = :user_id THEN {{kept}} ELSE e.m END ORDER BY e.place)
            AS metadata,
        array_agg(CASE WHEN e.user_id <> :user_id THEN e.r END ORDER BY e.place) AS request_ids,
        array_agg(CASE WHEN e.user_id <> :user_id THEN e.c END ORDER BY e.place) AS client_nos,
        array_agg(CAST(e.n AS text)) FILTER (WHERE e.user_id = :user_id) AS numbers
    FROM action_batches b CROSS JOIN LATERAL
        unnest(b.user_ids, b.action_nos, b.metadata, b.request_ids, b.client_nos)
        WITH ORDINALITY AS e(user_id, n, m, r, c, place)
    WHERE b.batch_id = ANY(CAST(:batches AS uuid[])) GROUP BY b.batch_id
) own WHERE b.batch_id = own.batch_id
"""
_ERASE_IN_ACTIONS = """
UPDATE user_actions a SET metadata = {kept}, request_id = NULL, client_no = NULL,
    checks = a.checks #- '{{review,note}}'
WHERE a.user_id = :user_id
"""


def erase_rows(connection: Connection, *, user_id: UUID) -> None:
    """Delete what fraud detection knows of the player, and empty the texts of moderation."""
    for table in _DELETED:
        connection.execute(text(f"DELETE FROM {table} WHERE user_id = :id"), {"id": user_id})
    for table, column in _EMPTIED.items():
        connection.execute(
            text(f"UPDATE {table} SET {column} = '' WHERE user_id = :id AND {column} <> ''"),
            {"id": user_id},
        )


def lock_batches_of(connection: Connection, *, user_id: UUID) -> list[UUID]:
    """Lock the batches that hold actions of the player, and return their ids."""
    return list(connection.execute(text(_BATCHES), {"user_id": user_id}).scalars())


def erase_action_texts(
    connection: Connection,
    *,
    user_id: UUID,
    batches: Iterable[UUID],
    paths: Iterable[tuple[str, ...]],
) -> None:
    """Erase the metadata of the player's actions but for these paths, their request ids and notes.

    In the rows and, the same, in the locked batches, which are the log of the rows. What is
    archived is not touched.
    """
    names: Names = {}
    tree = _make_tree(paths)
    parameters = {"user_id": user_id, "batches": [str(batch) for batch in batches]}
    in_batches = _ERASE_IN_BATCHES.format(kept=_keep(tree, "e.m", (), names))
    connection.execute(text(in_batches), parameters | names)
    in_actions = _ERASE_IN_ACTIONS.format(kept=_keep(tree, "a.metadata", (), names))
    del parameters["batches"]
    connection.execute(text(in_actions), parameters | names)


def _make_tree(paths: Iterable[tuple[str, ...]]) -> dict[str, Any]:
    """Return the paths as a tree; what is read as a whole has no branches."""
    tree: dict[str, Any] = {}
    for path in sorted(paths, key=len, reverse=True):
        *parents, last = path
        node = tree
        for name in parents:
            node = node.setdefault(name, {})
        node[last] = {}
    return tree


def _keep(tree: Mapping[str, Any], column: str, path: tuple[str, ...], names: Names) -> str:
    """Return the expression of the values at the tree's leaves, at their places; NULL for none.

    `names` gets the names, as parameters.
    """
    if not tree:
        if not path:
            return "CAST(NULL AS jsonb)"
        parameter = f"path_{'_'.join(name.encode().hex() for name in path)}"
        names[parameter] = list(path)
        return f"{column} #> CAST(:{parameter} AS text[])"
    rows = []
    for name, branch in tree.items():
        parameter = f"name_{name.encode().hex()}"
        names[parameter] = name
        rows.append(f"(CAST(:{parameter} AS text), {_keep(branch, column, (*path, name), names)})")
    return (
        f"(SELECT jsonb_object_agg(k, v) FROM (VALUES {', '.join(rows)}) t(k, v)"
        " WHERE v IS NOT NULL)"
    )
