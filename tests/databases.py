"""The databases of a test run: a template, migrated once, and a copy of it for every worker.

Used by `conftest.py`. The server is that of LAUREL_TEST_DATABASE_URL, which `python3 run.py test`
sets; its other databases are not touched.
"""

import hashlib
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path

from alembic import command
from alembic.config import Config
from sqlalchemy import Connection, NullPool, create_engine, make_url, text

from domain.settings import Settings

ROOT = Path(__file__).parent.parent
SOURCES_OF_THE_TEMPLATE = (
    "migrations/versions",
    "migrations/env.py",
    "domain/store/postgres/partitions.py",
)
TEMPLATE_LOCK = 0x7E57


def migration_config(url: str) -> Config:
    """Return Alembic's configuration for the database at `url`."""
    config = Config(ROOT / "alembic.ini")
    config.attributes["url"] = url
    return config


def migrate(url: str, revision: str = "head") -> None:
    """Migrate the database at `url` to `revision`."""
    command.upgrade(migration_config(url), revision)


def with_database(url: str, name: str) -> str:
    """Return `url` with its database replaced by `name`."""
    return make_url(url).set(database=name).render_as_string(hide_password=False)


@contextmanager
def copied_database(server_url: str, name: str) -> Iterator[str]:
    """Yield the URL of a new, migrated, empty database that is dropped at the end."""
    with _maintenance(server_url) as connection:
        template = _ensure_template(connection, server_url)
        connection.execute(text(f'CREATE DATABASE "{name}" TEMPLATE "{template}"'))
    try:
        yield with_database(server_url, name)
    finally:
        drop_database(server_url, name)


@contextmanager
def empty_database(server_url: str, name: str) -> Iterator[str]:
    """Yield the URL of a new database without tables that is dropped at the end."""
    with _maintenance(server_url) as connection:
        connection.execute(text(f'CREATE DATABASE "{name}"'))
    try:
        yield with_database(server_url, name)
    finally:
        drop_database(server_url, name)


def drop_database(server_url: str, name: str) -> None:
    """Drop a test database, even if there are connections to it."""
    with _maintenance(server_url) as connection:
        connection.execute(text(f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'))


@contextmanager
def _maintenance(server_url: str) -> Iterator[Connection]:
    engine = create_engine(
        Settings(database_url=server_url).sqlalchemy_url,
        poolclass=NullPool,
        isolation_level="AUTOCOMMIT",
    )
    with engine.connect() as connection:
        yield connection


def _ensure_template(connection: Connection, server_url: str) -> str:
    """Return the template's name; create it unless another worker or an earlier run has done so.

    The name contains a hash of the migrations and the month, so that a change creates a new one.
    """
    name = _template_name()
    connection.execute(text("SELECT pg_advisory_lock(:lock)"), {"lock": TEMPLATE_LOCK})
    exists = text("SELECT 1 FROM pg_database WHERE datname = :name")
    if connection.execute(exists, {"name": name}).scalar() is None:
        unfinished = f"{name}_unfinished"
        connection.execute(text(f'DROP DATABASE IF EXISTS "{unfinished}" WITH (FORCE)'))
        connection.execute(text(f'CREATE DATABASE "{unfinished}"'))
        migrate(with_database(server_url, unfinished))
        connection.execute(text(f'ALTER DATABASE "{unfinished}" RENAME TO "{name}"'))
    connection.execute(text("SELECT pg_advisory_unlock(:lock)"), {"lock": TEMPLATE_LOCK})
    return name


def _template_name() -> str:
    digest = hashlib.sha256(f"{datetime.now(UTC):%Y-%m}".encode())
    for source in SOURCES_OF_THE_TEMPLATE:
        path = ROOT / source
        for file in sorted(path.glob("*.py")) if path.is_dir() else [path]:
            digest.update(file.read_bytes())
    return f"laurel_test_template_{digest.hexdigest()[:12]}"
