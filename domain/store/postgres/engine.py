"""Pools of PostgreSQL connections: the options of every session, and its timeouts.

Called by `domain/store/store.py` only.
"""

import select
from collections.abc import Callable, Sequence
from typing import Any

from sqlalchemy import Engine, QueuePool, event
from sqlalchemy import create_engine as create_sqlalchemy_engine
from sqlalchemy.engine.interfaces import IsolationLevel
from sqlalchemy.exc import DisconnectionError
from sqlalchemy.pool import ConnectionPoolEntry

from domain.settings import Settings
from domain.store.postgres.arrays import write_lists_as_literals
from domain.store.postgres.errors import drop_bad_connections
from domain.store.postgres.statements import keep_prepared_statements

CONNECT_TIMEOUT_SECONDS = 3
# Bounds every link of the chain: Celery's solo pool has no task time limit.
STATEMENT_TIMEOUT_MS = 10_000
LOCK_TIMEOUT_MS = 5_000
IDLE_IN_TRANSACTION_TIMEOUT_MS = 15_000
INTAKE_LOCK_TIMEOUT_MS = 500
LAZY_COMMITS = (("synchronous_commit", "off"),)
# One locked player must not keep the actions of all others waiting.
INTAKE_OPTIONS = (("lock_timeout", INTAKE_LOCK_TIMEOUT_MS),)


def create_engine(
    settings: Settings,
    pool_size: int,
    extra_options: Sequence[tuple[str, Any]] = (),
    isolation_level: IsolationLevel | None = None,
) -> Engine:
    """Return a pool of `pool_size` connections with these extra session options."""
    write_lists_as_literals()
    options: Sequence[tuple[str, Any]] = (
        ("statement_timeout", STATEMENT_TIMEOUT_MS),
        ("lock_timeout", LOCK_TIMEOUT_MS),
        ("idle_in_transaction_session_timeout", IDLE_IN_TRANSACTION_TIMEOUT_MS),
        # A client that vanished without closing its connection loses its locks in about 15 s; by
        # default a dead keeper would hold its lock for two hours.
        ("tcp_keepalives_idle", 6),
        ("tcp_keepalives_interval", 3),
        ("tcp_keepalives_count", 3),
        ("jit", "off"),
        # Of an SSD. With the default of 4, made for hard disks, a batch of 500 read all scores.
        ("random_page_cost", "1.1"),
        # One plan serves every batch: the chain reads by index, however many rows there are.
        ("plan_cache_mode", "force_generic_plan"),
        ("timezone", "UTC"),
        # Last: of two values for one option the later holds.
        *extra_options,
    )
    engine = create_sqlalchemy_engine(
        settings.sqlalchemy_url,
        isolation_level=isolation_level,
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=2,
        pool_recycle=1800,
        # The text of an error goes to the log; parameters are names and metadata, which must not.
        hide_parameters=True,
        connect_args={
            "connect_timeout": CONNECT_TIMEOUT_SECONDS,
            "application_name": "laurel",
            "options": " ".join(f"-c {name}={value}" for name, value in options),
            # A server that vanished is noticed in about 5 s, not in 2 hours.
            "keepalives_idle": 3,
            "keepalives_interval": 1,
            "keepalives_count": 2,
            "tcp_user_timeout": 5000,
        },
    )
    keep_prepared_statements(engine)
    drop_bad_connections(engine)
    event.listen(engine, "checkout", _refuse_closed_connection)
    return engine


def _refuse_closed_connection(connection: Any, record: ConnectionPoolEntry, _proxy: object) -> None:
    """Have the pool open a new connection instead of one that the server has ended.

    After a restart of PostgreSQL each pool of each process would fail once. On an idle connection
    the server has nothing to say but its end: a look at the socket, of 2 µs, is enough, where a
    question would be a round trip. (In the sockets' process it is a turn of gevent's loop.)
    """
    # Of two refusals in a row the pool would make an error that nobody knows.
    if not record.info.setdefault("has_been_used", False):
        record.info["has_been_used"] = True
        return
    poll = select.poll()
    poll.register(connection.fileno(), select.POLLIN)
    if poll.poll(0):
        raise DisconnectionError("ended by the server while it was idle")


def watch_pool(engine: Engine, notify: Callable[[int], None]) -> int:
    """Call `notify` with the connections in use at every change, and return how many there may be.

    It is called by the thread that takes or returns the connection.
    """
    pool = engine.pool
    if not isinstance(pool, QueuePool):
        return 0

    def on_checkout(*_: object) -> None:
        notify(pool.checkedout())

    def on_checkin(*_: object) -> None:
        # The pool tells before it takes the connection back.
        notify(max(0, pool.checkedout() - 1))

    event.listen(pool, "checkout", on_checkout)
    event.listen(pool, "checkin", on_checkin)
    return pool.size()
