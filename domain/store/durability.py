"""Whether PostgreSQL keeps what it has committed: every 2xx rests on that.

Called where the processes of production start.
"""

from sqlalchemy import Connection, text

from domain.errors import DatabaseUnavailableError, SettingsError
from domain.settings import Settings
from domain.store.store import Store

PROMISES = ("fsync", "full_page_writes", "synchronous_commit")


def refuse_forgetful_server(settings: Settings, store: Store) -> None:
    """Raise SettingsError in production when a crash of the server would lose what it committed.

    A server that does not answer yet is no reason not to start.
    """
    if not settings.is_production:
        return
    try:
        with store.write() as connection:
            broken = find_broken_promises(connection)
    except DatabaseUnavailableError:
        return
    if broken:
        raise SettingsError(
            [
                f"PostgreSQL: {name} is off, a crash would lose acknowledged actions"
                for name in broken
            ]
        )


def end_with_forgetful_server(settings: Settings, store: Store) -> None:
    """End this process with a sentence for whoever started it. Raises SystemExit."""
    try:
        refuse_forgetful_server(settings, store)
    except SettingsError as error:
        raise SystemExit(error.message) from None


def find_broken_promises(connection: Connection) -> list[str]:
    """Return the server's settings that are off and must not be.

    `synchronous_commit` knows more than on and off; all but off wait for the server's own disk.
    """
    return [
        name for name in PROMISES if connection.execute(text(f"SHOW {name}")).scalar_one() == "off"
    ]
