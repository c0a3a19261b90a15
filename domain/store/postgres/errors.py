"""PostgreSQL's errors as the domain's: transient ones, and data that cannot be stored."""

from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy.exc import (
    DataError,
    DBAPIError,
    IntegrityError,
    InterfaceError,
    OperationalError,
    SQLAlchemyError,
)
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import (
    DatabaseConflictError,
    DatabaseUnavailableError,
    LaurelError,
    UnstorableDataError,
)
from domain.store.postgres.statements import LOST_PLAN_SQLSTATES

# SQLSTATEs after which the same transaction may be run again: serialization failure, deadlock,
# lock not available, query cancelled by a timeout, too many connections, disk full, out of memory.
TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014", "53300", "53100", "53200"})
CONFLICT_SQLSTATES = frozenset({"40001", "40P01"})
CHECK_VIOLATION = "23514"
SHUTDOWN_SQLSTATE_CLASSES = ("57P", "08")


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the domain's error for each of PostgreSQL's that the domain knows.

    DatabaseUnavailableError or DatabaseConflictError for what a later try may not meet again,
    UnstorableDataError for refused data. Bad statements come through as SQLAlchemy's own.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        if _sqlstate(error) in CONFLICT_SQLSTATES:
            raise DatabaseConflictError from error
        if is_transient(error):
            raise DatabaseUnavailableError from error
        if isinstance(error, DataError | IntegrityError):
            raise UnstorableDataError from error
        raise


@contextmanager
def describe_refusals() -> Iterator[None]:
    """Raise a LaurelError with a readable message for any other error of SQLAlchemy.

    For health: before the first migration, for instance, a part of the system is not well.
    """
    try:
        yield
    except SQLAlchemyError as error:
        raise LaurelError(f"PostgreSQL refused: {type(error).__name__}") from error


def is_transient(error: Exception) -> bool:
    """Return whether the same transaction may succeed when it is run again."""
    if isinstance(error, PoolTimeoutError):
        return True
    if not isinstance(error, DBAPIError):
        return False
    state = _sqlstate(error)
    if state == CHECK_VIOLATION:
        return _misses_partition(error)
    if state is not None:
        return state in TRANSIENT_SQLSTATES | LOST_PLAN_SQLSTATES or state.startswith(
            SHUTDOWN_SQLSTATE_CLASSES
        )
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def _sqlstate(error: DBAPIError | PoolTimeoutError) -> str | None:
    return getattr(getattr(error, "orig", None), "pgcode", None)


def _misses_partition(error: DBAPIError) -> bool:
    """Return whether no partition takes the row: a check violation without a constraint's name."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) is None
