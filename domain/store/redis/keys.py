"""Every Redis key and channel of Laurel, each with its TTL or the reason why it has none.

All of them may be flushed at any time: PostgreSQL is the truth, and the rest is rebuilt from it.
What belongs to one board carries its id. A slug contains no colon, so no two boards share a key.
"""

from uuid import UUID

from domain.boards.model import BoardId

PREFIX = "laurel:"

USER_CACHE_TTL_SECONDS = 3600
SENT_TTL_SECONDS = 600
PREVIOUS_RANKS_TTL_SECONDS = 600
LISTENED_TTL_SECONDS = 60
STREAM_MAX_MESSAGES = 1000


def board(board: BoardId) -> str:
    """Sorted set of standings. No TTL: it is the board."""
    return f"{PREFIX}board:{board}"


def board_rows(board: BoardId) -> str:
    """Hash user -> version, member, last update, username; and in one field the board's marker.

    The marker names the server's run for which the board is complete, or the rebuild that is under
    way. No TTL: it belongs to the board.
    """
    return f"{PREFIX}board:{board}:rows"


def previous_ranks(board: BoardId, batch_id: UUID | str) -> str:
    """JSON user -> rank before a batch changed it; TTL PREVIOUS_RANKS_TTL_SECONDS.

    The version before kept a hash, `…:ranks:…`: during an upgrade neither reads the other's.
    """
    return f"{PREFIX}board:{board}:previous:{batch_id}"


def user_cache(board: BoardId, user_id: UUID | str) -> str:
    """Score on this board and statistics of one user; TTL USER_CACHE_TTL_SECONDS."""
    return f"{user_cache_prefix(board)}{user_id}"


def user_cache_prefix(board: BoardId) -> str:
    """What every user_cache key of this board begins with, for scripts that delete several."""
    return f"{PREFIX}user:{board}:"


def bus_position(board: BoardId) -> str:
    """Hash epoch, seq, run_id: the position of the bus. No TTL: its loss starts a new epoch."""
    return f"{PREFIX}bus:{board}:position"


def bus_stream(board: BoardId) -> str:
    """The last STREAM_MAX_MESSAGES bus messages, for filling holes. No TTL: bounded by length."""
    return f"{PREFIX}bus:{board}:stream"


def listened(board: BoardId) -> str:
    """Users to whose events somebody listens, by when that ends; TTL LISTENED_TTL_SECONDS.

    While it is there, the scripts tell the ranks of these users only.
    """
    return f"{PREFIX}bus:{board}:listened"


def bus_channel(board: BoardId) -> str:
    """Pub/sub channel of the bus messages."""
    return f"{PREFIX}bus:{board}"


def sent(board: BoardId, batch_id: UUID | str) -> str:
    """Sequence number under which a batch was broadcast; TTL SENT_TTL_SECONDS."""
    return f"{PREFIX}bus:{board}:sent:{batch_id}"


def replies(reply_to: str) -> str:
    """Pub/sub channel on which one web process receives the outcomes of its pending requests."""
    return f"{PREFIX}replies:{reply_to}"


def revocation_channel() -> str:
    """Pub/sub channel that speeds revocations up; PostgreSQL decides."""
    return PREFIX + "revocations"


def rate_limit(window_key: str) -> str:
    """Shared counter of one rate-limit window; TTL twice the window."""
    return f"{PREFIX}limit:{window_key}"


def rate_limit_processes() -> str:
    """Processes that share rate-limit counters, by when each last did; TTL as in `counters`."""
    return f"{PREFIX}limit-processes"


def broker_queue(queue: str) -> str:
    """Messages of a Celery queue that no worker has taken, a list. No TTL: see `broker_prefix`."""
    return broker_prefix() + queue


def broker_prefix() -> str:
    """Prefix of Celery's own keys. Queues have no TTL: the keeper submits lost messages again."""
    return PREFIX + "celery:"
