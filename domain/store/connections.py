"""The two stores as one object: every use case takes it first and opens its transactions on it."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Connection, Engine, create_engine
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DBAPIError, InterfaceError, OperationalError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.errors import DatabaseConflictError, DatabaseUnavailableError
from domain.settings import Settings
from domain.store.arrays import write_lists_as_literals
from domain.store.redis_gate import RedisGate, connect_redis
from domain.store.statements import LOST_PLAN_SQLSTATES, keep_plans

CONNECT_TIMEOUT_SECONDS = 3
# Bounds every link of the chain: a solo worker knows no task time limit.
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
# SQLSTATEs after which the same transaction may simply be run again: serialization failure,
# deadlock, lock not available, query cancelled by a timeout, too many connections, disk full.
TRANSIENT_SQLSTATES = frozenset({"40001", "40P01", "55P03", "57014", "53300", "53100", "53200"})
CONFLICT_SQLSTATES = frozenset({"40001", "40P01"})
CHECK_VIOLATION = "23514"
SHUTDOWN_SQLSTATE_CLASSES = ("57P", "08")


@dataclass(frozen=True)
class Store:
    """PostgreSQL, the truth, and Redis, which may be lost at any time."""

    engine: Engine
    redis: RedisGate
    # Connections whose commits return before the WAL is on disk; without it, every commit waits.
    lazy_engine: Engine | None = None
    # The same, each statement a transaction by itself. A pool of its own: switching a connection
    # back and forth costs a round trip.
    autocommit_engine: Engine | None = None

    @contextmanager
    def begin(self) -> Iterator[Connection]:
        """Open one transaction: committed at the end of the block, rolled back by an exception.

        Raises DatabaseUnavailableError for whatever may pass by itself (server away, deadlock,
        timeouts, a month without its partition yet); constraint violations and data errors come
        through as SQLAlchemy's own.
        """
        with _translated(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def begin_lazily(self) -> Iterator[Connection]:
        """Open a transaction whose commit may be lost, within a second, if PostgreSQL crashes.

        Only for work that is then done again with the same result. A later commit that waits for
        the disk takes this one with it: WAL is one sequence. Raises as `begin` does.
        """
        with _translated(), (self.lazy_engine or self.engine).begin() as connection:
            yield connection

    @contextmanager
    def autocommit_lazily(self) -> Iterator[Connection]:
        """Open a connection whose statements are transactions by themselves, committed lazily.

        Saves the round trips of BEGIN and COMMIT. Raises as `begin` does.
        """
        single = self.autocommit_engine or self.engine.execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with _translated(), single.connect() as connection:
            yield connection

    def close(self) -> None:
        """Give back every connection."""
        for engine in (self.engine, self.lazy_engine, self.autocommit_engine):
            if engine is not None:
                engine.dispose()
        self.redis.close()


def connect(settings: Settings, *, pool_size: int = 2) -> Store:
    """Return a store for these settings; connections are opened at first use."""
    write_lists_as_literals()
    lazily = (("synchronous_commit", "off"),)
    return Store(
        engine=_create_engine(settings, pool_size),
        redis=connect_redis(settings.redis_url),
        lazy_engine=_create_engine(settings, pool_size, lazily),
        autocommit_engine=_create_engine(settings, pool_size, lazily, isolation_level="AUTOCOMMIT"),
    )


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (DBAPIError, PoolTimeoutError) as error:
        if _sqlstate(error) in CONFLICT_SQLSTATES:
            raise DatabaseConflictError from error
        if is_transient(error):
            raise DatabaseUnavailableError from error
        raise


def is_transient(error: Exception) -> bool:
    """Return whether running the same transaction again may help."""
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
    """Return whether no partition takes the row: a check violated that has no name."""
    diagnosis = getattr(error.orig, "diag", None)
    return getattr(diagnosis, "constraint_name", None) is None


def _create_engine(
    settings: Settings,
    pool_size: int,
    extra_options: Sequence[tuple[str, Any]] = (),
    isolation_level: IsolationLevel | None = None,
) -> Engine:
    options: Sequence[tuple[str, Any]] = (
        *extra_options,
        ("statement_timeout", STATEMENT_TIMEOUT_MS),
        ("lock_timeout", LOCK_TIMEOUT_MS),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS),
        # A client that vanished without a word gives its locks back in about 15 s: the keeper's
        # would else be held for two hours, by nobody.
        ("tcp_keepalives_idle", 6),
        ("tcp_keepalives_interval", 3),
        ("tcp_keepalives_count", 3),
        ("jit", "off"),
        # Of an SSD. With the default of 4, made for turning disks, a batch of 500 read all scores.
        ("random_page_cost", "1.1"),
        # A kept plan serves every batch: what the chain reads, it finds by index, however many.
        ("plan_cache_mode", "force_generic_plan"),
        ("timezone", "UTC"),
    )
    engine = create_engine(
        settings.sqlalchemy_url,
        isolation_level=isolation_level,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        pool_recycle=1800,
        # An error's text goes to the log, and the parameters are names and metadata.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "laurel",
            "options": " ".join(f"-c {name}={value}" for name, value in options),
            # A server that vanished without a word is noticed in about 5 s, not in 2 hours.
            "keepalives_idle": 3,
            "keepalives_interval": 1,
            "keepalives_count": 2,
            "tcp_user_timeout": 5000,
        },
    )
    keep_plans(engine)
    return engine
