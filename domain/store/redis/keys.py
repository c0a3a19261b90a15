"""Every Redis key and channel of Laurel, each with its TTL or the reason why it has none.

All of it may be flushed at any time: PostgreSQL is the truth and everything comes back.
"""

from uuid import UUID

PREFIX = "laurel:"

USER_CACHE_TTL_SECONDS = 3600
SENT_TTL_SECONDS = 600
PREVIOUS_RANKS_TTL_SECONDS = 600
REBUILD_TTL_SECONDS = 120
STREAM_MAX_MESSAGES = 1000


def board() -> str:
    """Sorted set of standings. No TTL: it is the board."""
    return PREFIX + "board"


def board_rows() -> str:
    """Hash user -> version, member, last update, username. No TTL: it belongs to the board."""
    return PREFIX + "board:rows"


def board_marker() -> str:
    """The server's run_id for which the board is complete. No TTL: a restart ends it by itself."""
    return PREFIX + "board:marker"


def board_rebuild() -> str:
    """Token of the rebuild at work; TTL REBUILD_TTL_SECONDS, renewed by every chunk."""
    return PREFIX + "board:rebuild"


def user_cache(user_id: UUID | str) -> str:
    """Score and statistics of one user; TTL USER_CACHE_TTL_SECONDS."""
    return f"{PREFIX}user:{user_id}"


def user_cache_prefix() -> str:
    """What every user_cache key begins with, for scripts that write several."""
    return PREFIX + "user:"


def previous_ranks(batch_id: UUID | str) -> str:
    """Ranks before a batch moved them; TTL PREVIOUS_RANKS_TTL_SECONDS."""
    return f"{PREFIX}ranks:{batch_id}"


def bus_position() -> str:
    """Hash epoch, seq, run_id: the listeners' position. No TTL: its loss starts a new epoch."""
    return PREFIX + "bus:position"


def bus_stream() -> str:
    """The last STREAM_MAX_MESSAGES bus messages, for filling holes. No TTL: bounded by length."""
    return PREFIX + "bus:stream"


def bus_channel() -> str:
    """Pub/sub channel of the bus messages."""
    return PREFIX + "bus"


def sent(batch_id: UUID | str) -> str:
    """Sequence number under which a batch was broadcast; TTL SENT_TTL_SECONDS."""
    return f"{PREFIX}sent:{batch_id}"


def replies(reply_to: str) -> str:
    """Pub/sub channel on which one web process hears the outcomes it waits for."""
    return f"{PREFIX}replies:{reply_to}"


def revocation_channel() -> str:
    """Pub/sub channel that hastens revocations; PostgreSQL decides."""
    return PREFIX + "revocations"


def rate_limit(window_key: str) -> str:
    """Shared counter of one rate-limit window; TTL twice the window."""
    return f"{PREFIX}limit:{window_key}"


def broker_prefix() -> str:
    """Prefix of Celery's own keys. Queues have no TTL: the keeper re-submits what is lost."""
    return PREFIX + "celery:"
