"""SQL and Redis of health checks: whether a store answers, and which migration it has."""

from sqlalchemy import Connection, text

from domain.store.redis.client import RedisClient


def find_migration(connection: Connection) -> str | None:
    """Return the revision of the database, or None when it was never migrated."""
    exists = connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar()
    if not exists:
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def ping_database(connection: Connection) -> None:
    """Run a trivial query; raises when PostgreSQL does not answer."""
    connection.execute(text("SELECT 1"))


def ping_redis(redis: RedisClient) -> None:
    """Send a PING; raises RedisUnavailableError."""
    redis.run(lambda client: client.ping())
