"""The choice between the two stores: Redis answers while it can, else PostgreSQL.

Called by the readers of boards and rankings, and by nothing else.
"""

from collections.abc import Callable
from typing import TypeVar

import structlog

from domain.errors import RedisUnavailableError

logger = structlog.get_logger(__name__)

Answer = TypeVar("Answer")


def set_or_sql(ask_set: Callable[[], Answer | None], ask_sql: Callable[[], Answer]) -> Answer:
    """Return the set's answer, or SQL's if Redis is unavailable or the set is not trusted."""
    try:
        answer = ask_set()
    except RedisUnavailableError:
        answer = None
    except ValueError:
        # Another program wrote to the set; the keeper's comparison will find and rebuild it.
        logger.exception("board not understood")
        answer = None
    return ask_sql() if answer is None else answer
