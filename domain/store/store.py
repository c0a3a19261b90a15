"""The two stores as one object: every use case takes it first and opens its transactions on it.

`Connection` is for the annotations of use cases, which do not know SQLAlchemy.
"""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from sqlalchemy import Connection as Connection
from sqlalchemy import Engine

from domain.settings import Settings
from domain.store.postgres.engine import INTAKE_OPTIONS, LAZY_COMMITS, create_engine, watch_pool
from domain.store.postgres.errors import translate_errors
from domain.store.postgres.running import RunningTransactions
from domain.store.redis.client import RedisClient, connect_redis

# One flusher, and what it leaves behind when a connection gets no answer.
INTAKE_CONNECTIONS = 2


@dataclass(frozen=True)
class Store:
    """PostgreSQL, the truth, and Redis, which may be lost at any time."""

    engine: Engine
    redis: RedisClient
    # Connections whose commits return before the WAL is on disk; without it, every commit waits.
    lazy_engine: Engine | None = None
    # The same, each statement its own transaction. A separate pool: switching a connection back
    # and forth costs a round trip.
    autocommit_engine: Engine | None = None
    # A replica's connections; without it, the primary's.
    read_engine: Engine | None = None
    # Intake's connections, which wait for locks only briefly.
    intake_engine: Engine | None = None
    # Intake's transactions: a thread of the web process abandons those that get no answer.
    intake_transactions: RunningTransactions = field(default_factory=RunningTransactions)

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """Open one transaction: committed at the end of the block, rolled back by an exception.

        Raises DatabaseUnavailableError for what a later try may not meet again (server away,
        deadlock, timeouts, a month without its partition yet) and UnstorableDataError for data
        that PostgreSQL refuses.
        """
        with translate_errors(), self.engine.begin() as connection:
            yield connection

    @contextmanager
    def intake(self) -> Iterator[Connection]:
        """Open a transaction as `write` does, which waits for locks half a second only.

        Another thread may abandon it through `intake_transactions`; it then raises
        DatabaseUnavailableError, and whether it was committed is unknown.
        """
        engine = self.intake_engine or self.engine
        with (
            translate_errors(),
            engine.connect() as connection,
            self.intake_transactions.watch(connection),
            connection.begin(),
        ):
            yield connection

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """Open one transaction for reads that may be a moment old; raises as `write` does.

        The primary answers them today. A replica may: nothing that decides reads here.
        """
        with translate_errors(), (self.read_engine or self.engine).begin() as connection:
            yield connection

    @contextmanager
    def lazy(self) -> Iterator[Connection]:
        """Open a transaction whose commit may be lost, within a second, if PostgreSQL crashes.

        Only for work that is then done again with the same result. A later commit that waits for
        the disk takes this one with it: WAL is one sequence. Raises as `write` does.
        """
        with translate_errors(), (self.lazy_engine or self.engine).begin() as connection:
            yield connection

    @contextmanager
    def autocommit(self) -> Iterator[Connection]:
        """Open a connection on which each statement is its own transaction, committed lazily.

        Saves the round trips of BEGIN and COMMIT. Raises as `write` does.
        """
        single = self.autocommit_engine or self.engine.execution_options(
            isolation_level="AUTOCOMMIT"
        )
        with translate_errors(), single.connect() as connection:
            yield connection

    def watch_pools(self, notify: Callable[[str, int], None]) -> dict[str, int]:
        """Call `notify` with a pool's name and its connections in use at every change.

        Return the size of each pool by its name.
        """
        pools = {"durable": self.engine, "lazy": self.lazy_engine}
        pools |= {"autocommit": self.autocommit_engine, "read": self.read_engine}
        return {
            name: watch_pool(engine, functools.partial(notify, name))
            for name, engine in pools.items()
            if engine is not None
        }

    def close(self) -> None:
        """Close every connection."""
        for engine in (
            self.engine,
            self.lazy_engine,
            self.autocommit_engine,
            self.read_engine,
            self.intake_engine,
        ):
            if engine is not None:
                engine.dispose()
        self.redis.close()


def connect(settings: Settings, *, pool_size: int = 2) -> Store:
    """Return a store for these settings; connections are opened at first use."""
    return Store(
        engine=create_engine(settings, pool_size),
        redis=connect_redis(settings.redis_url),
        lazy_engine=create_engine(settings, pool_size, LAZY_COMMITS),
        autocommit_engine=create_engine(
            settings, pool_size, LAZY_COMMITS, isolation_level="AUTOCOMMIT"
        ),
        intake_engine=create_engine(settings, INTAKE_CONNECTIONS, INTAKE_OPTIONS),
    )
