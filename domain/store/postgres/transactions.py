"""Options of one transaction: one snapshot for all its reads, time for long ones; and the clock."""

from datetime import datetime

from sqlalchemy import Connection, text


def read_clock(connection: Connection) -> datetime:
    """Return the time of now, by the clock that actions are taken in by."""
    now: datetime = connection.execute(text("SELECT clock_timestamp()")).scalar_one()
    return now


def read_one_moment(connection: Connection) -> None:
    """Let every statement of this transaction see the same snapshot; must be its first."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))


def read_in_order_of_index(connection: Connection) -> None:
    """Let the statements of this transaction find the first rows of an order without a sort.

    For a walk in chunks: before the first ANALYZE the planner would sort all that is left for each
    of them.
    """
    connection.execute(text("SET LOCAL enable_sort = off; SET LOCAL enable_bitmapscan = off"))


def allow_long_queries(connection: Connection) -> None:
    """Let the statements of this transaction take minutes: they read whole tables."""
    connection.execute(text("SET LOCAL statement_timeout = '10min'"))
