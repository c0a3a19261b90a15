"""Options of one transaction: one snapshot for all its reads."""

from sqlalchemy import Connection, text


def read_one_moment(connection: Connection) -> None:
    """Let every statement of this transaction see the same snapshot; must be its first."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
