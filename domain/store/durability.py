"""Whether PostgreSQL keeps what it has committed: every 2xx answer depends on that.

Called where processes start.
"""

from sqlalchemy import Connection, text

from domain.errors import DatabaseUnavailableError, SettingsError
from domain.settings import Settings
from domain.store.store import Store

GUARANTEES = ("fsync", "full_page_writes", "synchronous_commit")


def require_durable_server(settings: Settings, store: Store) -> None:
    """Raise SettingsError in production if a crash of PostgreSQL could lose committed data.

    A server that does not answer yet is no reason to refuse the start.
    """
    if not settings.is_production:
        return
    try:
        with store.write() as connection:
            missing = find_missing_guarantees(connection)
    except DatabaseUnavailableError:
        return
    if missing:
        raise SettingsError(
            [
                f"PostgreSQL: {name} is off, a crash would lose acknowledged actions"
                for name in missing
            ]
        )


def find_missing_guarantees(connection: Connection) -> list[str]:
    """Return the names of the server's settings that are off and must not be.

    `synchronous_commit` has more values than on and off; all but off wait for the server's disk.
    """
    return [
        name
        for name in GUARANTEES
        if connection.execute(text(f"SHOW {name}")).scalar_one() == "off"
    ]
