"""Leadership: one of several processes of a kind leads, by an advisory lock of its session."""

from sqlalchemy import Connection, Engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeoutError

from domain.store.postgres.advisory_locks import NAMESPACE, AdvisoryLock


class Leadership:
    """Holds the lock on a separate connection; both are lost together and acquired again."""

    def __init__(self, engine: Engine, lock: AdvisoryLock):
        self._engine = engine
        self._lock = lock
        self._connection: Connection | None = None
        self._leads = False

    def hold(self) -> bool:
        """Return whether this process leads now; try to become the leader when it does not.

        Never raises: while PostgreSQL is away, no process leads.
        """
        try:
            if self._connection is None:
                self._connection = self._engine.connect().execution_options(
                    isolation_level="AUTOCOMMIT"
                )
                self._leads = self._try_lock(self._connection)
            elif not self._leads:
                self._leads = self._try_lock(self._connection)
            elif self._is_read_only(self._connection):
                # After a failover this session's server is not the one where the work is.
                self.release()
        except (DBAPIError, PoolTimeoutError):
            self.release()
            return False
        return self._leads

    def release(self) -> None:
        """Release the lock and close its connection."""
        connection, self._connection, self._leads = self._connection, None, False
        if connection is not None:
            connection.invalidate()
            connection.close()

    def _is_read_only(self, connection: Connection) -> bool:
        return bool(
            connection.execute(
                text("SELECT CAST(current_setting('transaction_read_only') AS boolean)")
            ).scalar_one()
        )

    def _try_lock(self, connection: Connection) -> bool:
        return bool(
            connection.execute(
                text("SELECT pg_try_advisory_lock(:namespace, :lock)"),
                {"namespace": NAMESPACE, "lock": self._lock},
            ).scalar_one()
        )
