"""Alembic's environment: the address, the timeouts, and a lock for one migration at a time.

The address comes from `config.attributes["url"]` (callers in Python), from `-x url=…`, or from the
settings, in this order.
"""

from logging.config import fileConfig
from typing import Any

from alembic import context
from sqlalchemy import NullPool, create_engine, text

from domain.settings import Settings, settings_of_process
from domain.store.postgres.advisory_locks import NAMESPACE, AdvisoryLock
from domain.store.postgres.partitions import is_partition_name
from domain.store.postgres.tables import metadata
from workers.process.startup import exit_on_bad_settings

# Enough for an index on a large table; `-x statement_timeout=…` sets another.
STATEMENT_TIMEOUT = "10min"
LOCK_TIMEOUT = "5s"
WAIT_FOR_ANOTHER_MIGRATION = "10min"


def find_url() -> str:
    """Return the address of the database to migrate."""
    url = context.config.attributes.get("url") or context.get_x_argument(as_dictionary=True).get(
        "url"
    )
    if url:
        return Settings(database_url=url).sqlalchemy_url
    with exit_on_bad_settings():
        return settings_of_process().sqlalchemy_url


def include_object(
    _object: Any, name: str | None, type_: str, reflected: bool, _compare_to: Any
) -> bool:
    """Leave partitions out of the comparison: they are created and dropped with the months."""
    return not (type_ == "table" and reflected and is_partition_name(name or ""))


def run_migrations_online() -> None:
    """Migrate under an advisory lock: a concurrent migration waits and then has nothing to do."""
    statement_timeout = context.get_x_argument(as_dictionary=True).get(
        "statement_timeout", STATEMENT_TIMEOUT
    )
    engine = create_engine(
        find_url(),
        poolclass=NullPool,
        connect_args={
            "application_name": "laurel-migration",
            "options": f"-c lock_timeout={LOCK_TIMEOUT} -c statement_timeout={statement_timeout}"
            " -c timezone=UTC",
        },
    )
    with engine.connect() as connection:
        # Held by the session, not the transaction: a later migration may need to commit midway.
        connection.execute(text(f"SET LOCAL lock_timeout = '{WAIT_FOR_ANOTHER_MIGRATION}'"))
        connection.execute(
            text("SELECT pg_advisory_lock(:namespace, :lock)"),
            {"namespace": NAMESPACE, "lock": AdvisoryLock.MIGRATION},
        )
        connection.commit()
        context.configure(
            connection=connection,
            target_metadata=metadata,
            include_object=include_object,
            compare_type=True,
            compare_server_default=True,
        )
        with context.begin_transaction():
            context.run_migrations()


def run_migrations_offline() -> None:
    """Print the SQL instead of running it (`alembic upgrade head --sql`)."""
    context.configure(url=find_url(), target_metadata=metadata, literal_binds=True)
    with context.begin_transaction():
        context.run_migrations()


if context.config.cmd_opts is not None and context.config.config_file_name is not None:
    fileConfig(context.config.config_file_name, disable_existing_loggers=False)

if context.is_offline_mode():
    run_migrations_offline()
else:
    run_migrations_online()
