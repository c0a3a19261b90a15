"""Options of one transaction: one snapshot for all its reads, and time for long ones."""

from sqlalchemy import Connection, text


def read_one_moment(connection: Connection) -> None:
    """Let every statement of this transaction see the same snapshot; must be its first."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def allow_long_queries(connection: Connection) -> None:
    """Let the statements of this transaction take minutes: they read whole tables."""
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
