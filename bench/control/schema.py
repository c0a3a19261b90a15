"""The control's tables, and the check that its actions were applied."""

import psycopg2

_SCHEMA = """
DROP SCHEMA IF EXISTS control CASCADE;
CREATE SCHEMA control;
CREATE TABLE control.actions (
    action_id uuid PRIMARY KEY, user_id uuid NOT NULL, score integer NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX ON control.actions (user_id, created_at);
CREATE TABLE control.scores (
    user_id uuid PRIMARY KEY, score bigint NOT NULL, actions integer NOT NULL
);
CREATE TABLE control.audit (
    audit_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY, action_id uuid NOT NULL,
    entry jsonb NOT NULL, created_at timestamptz NOT NULL DEFAULT now()
);
"""
_COUNTS = """
SELECT (SELECT count(*) FROM control.actions), (SELECT count(*) FROM control.audit),
       ((SELECT coalesce(sum(score), 0) FROM control.actions)
        - (SELECT coalesce(sum(score), 0) FROM control.scores))::bigint
"""


def make_tables(database_url: str) -> None:
    """Create the control's tables, again for each run."""
    _query(database_url, _SCHEMA)


def count_applied(database_url: str) -> tuple[int, int, int]:
    """Return the number of actions, of audit rows, and the difference of both sums of scores."""
    row = _query(database_url, _COUNTS)
    return row[0], row[1], row[2]


def _query(database_url: str, query: str) -> tuple[int, ...]:
    connection = psycopg2.connect(database_url)
    try:
        with connection, connection.cursor() as cursor:
            cursor.execute(query)
            return (cursor.fetchone() or ()) if cursor.description else ()
    finally:
        connection.close()
