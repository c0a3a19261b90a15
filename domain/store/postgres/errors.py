"""PostgreSQL's errors as the domain's: transient ones, and data that cannot be stored."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

import structlog
from sqlalchemy import Engine, event
from sqlalchemy.engine import ExceptionContext
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
    DatabaseLockedError,
    DatabaseUnavailableError,
    LaurelError,
    UnstorableDataError,
)
from domain.store.postgres.statements import LOST_PLAN_SQLSTATES

logger = structlog.get_logger(__name__)

# SQLSTATEs that speak of the server, its locks and its schema, and not of the data. Whole classes:
# connection, insufficient resources, prerequisite state (55P03 is a lock), intervention (57014 is
# a timeout), system error, configuration file, internal error.
SERVER_SQLSTATE_CLASSES = ("08", "53", "55", "57", "58", "F0", "XX")
# Read-only transaction, the ends of an idle and of a long transaction, snapshot too old.
SERVER_SQLSTATES = frozenset({"25006", "25P03", "25P04", "72000"})
# A missing right, schema, table, column, function, type or unique index: an operator is at work,
# a restore for instance.
SCHEMA_SQLSTATES = frozenset({"42501", "3F000", "42P01", "42703", "42883", "42704", "42P10"})
CONFLICT_SQLSTATES = frozenset({"40001", "40003", "40P01"})
CHECK_VIOLATION = "23514"
LOCK_NOT_AVAILABLE = "55P03"
# States of the statement: the next one on the same connection may pass. After all others of the
# server's a new connection may reach another server, or one that is writable again.
STATEMENT_SQLSTATES = frozenset({"53100", "53200", "55006", "55P02", LOCK_NOT_AVAILABLE, "57014"})
# An outage refuses hundreds of statements a second for the same reason.
LOG_PAUSE_SECONDS = 10.0

_logged_at: dict[str, float] = {}


@contextmanager
def translate_errors() -> Iterator[None]:
    """Raise the domain's error for each of PostgreSQL's that the domain knows.

    DatabaseUnavailableError or DatabaseConflictError for what a later try may not meet again,
    UnstorableDataError for refused data. Bad statements come through as SQLAlchemy's own.
    """
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        raise _translate(error) from error


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
        return state in CONFLICT_SQLSTATES | SCHEMA_SQLSTATES | LOST_PLAN_SQLSTATES or _is_server(
            state
        )
    return error.connection_invalidated or isinstance(error, OperationalError | InterfaceError)


def drop_bad_connections(engine: Engine) -> None:
    """Make the engine give up its pooled connections when one of them says the server is unwell.

    After a failover the old connections lead to a server that is read-only now, forever.
    """
    event.listen(engine, "handle_error", _drop_bad_connection)


def _drop_bad_connection(context: ExceptionContext) -> None:
    state = getattr(context.original_exception, "pgcode", None)
    if state is not None and _is_server(state) and state not in STATEMENT_SQLSTATES:
        context.is_disconnect = True


def _translate(error: DBAPIError | PoolTimeoutError) -> Exception:
    """Return the domain's error, or `error` itself when the domain does not know it."""
    state = _sqlstate(error)
    if is_transient(error):
        if state in CONFLICT_SQLSTATES:
            return DatabaseConflictError(sqlstate=state)
        if state == LOCK_NOT_AVAILABLE:
            return DatabaseLockedError(sqlstate=state)
        _log_refusal(error, state)
        return DatabaseUnavailableError(sqlstate=state)
    if isinstance(error, DataError | IntegrityError):
        return UnstorableDataError()
    return error


def _log_refusal(error: DBAPIError | PoolTimeoutError, state: str | None) -> None:
    """Log what the server said: for callers an outage is an outage, for operators it is not."""
    now = time.monotonic()
    if state is None or now - _logged_at.get(state, -LOG_PAUSE_SECONDS) < LOG_PAUSE_SECONDS:
        return
    _logged_at[state] = now
    said = str(getattr(error, "orig", "")).partition("\n")[0]
    logger.warning("database refused", sqlstate=state, said=said)


def _is_server(state: str) -> bool:
    return state in SERVER_SQLSTATES or state.startswith(SERVER_SQLSTATE_CLASSES)


def _sqlstate(error: DBAPIError | PoolTimeoutError) -> str | None:
    return getattr(getattr(error, "orig", None), "pgcode", None)


def _misses_partition(error: DBAPIError) -> bool:
    """Return whether no partition takes the row: a check violation without a constraint's name."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) is None
