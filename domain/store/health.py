"""SQL and Redis of health checks: whether a store answers, and which migration it has."""

from contextlib import suppress

import structlog
from sqlalchemy import Connection, text

from domain.errors import RedisUnavailableError
from domain.store.redis.client import RedisClient

logger = structlog.get_logger(__name__)

# Redis's `maxmemory-policy` with which a full server refuses writes and keeps its keys.
SAFE_POLICY = "noeviction"


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


def warn_of_eviction(redis: RedisClient) -> None:
    """Log it when Redis may evict keys: half of a board, or a queue. Once in each process."""
    with suppress(RedisUnavailableError):
        policy = redis.find_server().eviction_policy
        if policy not in (None, SAFE_POLICY):
            logger.warning("redis may evict keys", policy=policy, wanted=SAFE_POLICY)
