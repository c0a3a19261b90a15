"""Statements written as SQL, each parsed once in the life of a process."""

import functools

from sqlalchemy import TextClause, text


@functools.lru_cache(maxsize=512)
def sql(statement: str) -> TextClause:
    """Return the statement ready to execute; only for texts that are constants of the program."""
    return text(statement)
