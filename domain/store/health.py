"""SQL and Redis of health: is the server there, and is its schema the one we were built for."""

from sqlalchemy import Connection, text

from domain.store.redis.client import RedisClient


def find_migration(connection: Connection) -> str | None:
    """Return the revision the database stands at, None when nothing was ever migrated."""
    exists = connection.execute(text("SELECT to_regclass('alembic_version') IS NOT NULL")).scalar()
    if not exists:
        return None
    revision: str | None = connection.execute(
        text("SELECT version_num FROM alembic_version")
    ).scalar()
    return revision


def ping_database(connection: Connection) -> None:
    """Ask PostgreSQL for anything; raises when it does not answer."""
    connection.execute(text("SELECT 1"))


def ping_redis(redis: RedisClient) -> None:
    """Ask Redis for anything; raises RedisUnavailableError."""
    redis.run(lambda client: client.ping())
