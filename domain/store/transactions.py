"""What one transaction may ask for: a lazy commit, or one moment for all its reads."""

from sqlalchemy import Connection, text


def commit_lazily(connection: Connection) -> None:
    """Let this transaction's commit return before its WAL is flushed (a fraction of a second).

    Only for work that is done again, with the same result, if a crash of PostgreSQL loses it. A
    later commit that waits for the disk takes this one with it: WAL is one sequence.
    """
    connection.execute(text("SET LOCAL synchronous_commit = off"))


def read_one_moment(connection: Connection) -> None:
    """Let every statement of this transaction see the same snapshot; must be its first."""
    connection.execute(text("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY"))
