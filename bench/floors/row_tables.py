"""Copies of the product's tables for `floor_rows`, with their indexes and without their rows.

Partitioned tables become ordinary ones, and foreign keys are not copied: both are part of the
floor's being low.
"""

from typing import cast

import psycopg2.extensions

from bench.floors.row_statement import SCHEMA, TABLES, Column

_COLUMNS = """
SELECT table_name, column_name, data_type, is_nullable = 'YES' OR column_default IS NOT NULL
FROM information_schema.columns WHERE table_schema = 'public' AND table_name = ANY(%s)
ORDER BY table_name, ordinal_position
"""
# Its rows are copied too: every action changes a row that is there.
_PLAYERS = "user_scores"

Connection = psycopg2.extensions.connection


def make_row_tables(connection: Connection) -> None:
    """Create the tables, again for each run."""
    tables = (*read_columns(connection), _PLAYERS)
    with connection.cursor() as cursor:
        cursor.execute(f"DROP SCHEMA IF EXISTS {SCHEMA} CASCADE; CREATE SCHEMA {SCHEMA}")
        for table in tables:
            cursor.execute(f"CREATE TABLE {SCHEMA}.{table} (LIKE public.{table} INCLUDING ALL)")
        cursor.execute(f"INSERT INTO {SCHEMA}.{_PLAYERS} SELECT * FROM public.{_PLAYERS}")
        cursor.execute(f"ANALYZE {SCHEMA}.{_PLAYERS}")


def read_columns(connection: Connection) -> dict[str, list[Column]]:
    """Return the columns of those TABLES that the product has, by table."""
    found: dict[str, list[Column]] = {}
    with connection.cursor() as cursor:
        cursor.execute(_COLUMNS, (list(TABLES),))
        for table, *column in cursor.fetchall():
            found.setdefault(table, []).append(Column(*column))
    return found


def count_written(connection: Connection) -> tuple[int, int, int]:
    """Return the number of actions, of their ids, and by how much the scores differ from both."""
    with connection.cursor() as cursor:
        cursor.execute(
            f"SELECT (SELECT count(*) FROM {SCHEMA}.user_actions),"
            f" (SELECT count(*) FROM {SCHEMA}.action_ids),"
            f" ((SELECT coalesce(sum(score_delta), 0) FROM {SCHEMA}.user_actions)"
            f" + (SELECT sum(score) FROM public.user_scores)"
            f" - (SELECT sum(score) FROM {SCHEMA}.user_scores))::bigint"
        )
        return cast(tuple[int, int, int], cursor.fetchone())
