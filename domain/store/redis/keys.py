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
WALK_TTL_SECONDS = 120
FOLLOWED_TTL_SECONDS = 15
RANKING_POSITION_TTL_SECONDS = 3600
# 25 s of 40 batches a second: a live process that was killed is back in 3 s, its listeners in 10.
STREAM_MAX_MESSAGES = 1000
# A message has 12 KB and 0.15 KB for each action. The stream has at most about twice this.
STREAM_MAX_BYTES = 16 << 20


def board(board: BoardId) -> str:
    """Sorted set of standings. No TTL: it is the board."""
    return f"{PREFIX}board:{board}"


def board_rows(board: BoardId) -> str:
    """Hash user -> version, member, last update, username; and in one field the board's marker.

    The marker names the server's run for which the board is complete, or the rebuild that is under
    way. No TTL: it belongs to the board.
    """
    return f"{PREFIX}board:{board}:rows"


def board_gone(board: BoardId, span: int) -> str:
    """Hash user -> version of those taken off in this span of ten minutes; TTL two spans."""
    return f"{PREFIX}board:{board}:gone:{span}"


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
    """The last bus messages, each under the id `<seq>-0`, for filling holes and for a restart.

    No TTL: bounded by STREAM_MAX_MESSAGES and STREAM_MAX_BYTES.
    """
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


def ranking(ranking_no: int) -> str:
    """Sorted set of a ranking's members. No TTL: it is the ranking.

    The scripts make the ranking's other keys of this one.
    """
    return f"{PREFIX}ranking:{ranking_no}"


def ranking_rows(ranking_no: int) -> str:
    """Hash user -> row of a ranking, and the marker, as `board_rows`. No TTL: it belongs to it."""
    return f"{ranking(ranking_no)}:rows"


def ranking_groups(ranking_no: int) -> str:
    """Sorted set of the groups of tied players, of a ranking whose ties rank densely. No TTL."""
    return f"{ranking(ranking_no)}:groups"


def ranking_day(ranking_no: int) -> str:
    """Sorted set of a ranking's changes since the day began. No TTL: the next day empties it."""
    return f"{ranking(ranking_no)}:day"


def ranking_gone(ranking_no: int, span: int) -> str:
    """Hash of players removed from a ranking in this span of ten minutes; TTL two spans."""
    return f"{ranking(ranking_no)}:gone:{span}"


def ranking_position(ranking_no: int) -> str:
    """Hash epoch, seq, run_id of a followed ranking; TTL RANKING_POSITION_TTL_SECONDS."""
    return f"{ranking(ranking_no)}:position"


def followed_rankings() -> str:
    """Rankings that somebody follows live, by when that ends; TTL FOLLOWED_TTL_SECONDS."""
    return PREFIX + "rankings:followed"


def rankings_channel() -> str:
    """Pub/sub channel of followed rankings' changes and of closed periods, of all boards."""
    return PREFIX + "rankings:bus"


def ranking_fresh(ranking_no: int) -> str:
    """The walk that is the ranking as it is now; TTL WALK_TTL_SECONDS."""
    return f"{ranking(ranking_no)}:fresh"


def ranking_walks(ranking_no: int) -> str:
    """Sorted set of a ranking's walks by the time of their end; TTL WALK_TTL_SECONDS."""
    return f"{ranking(ranking_no)}:walks"


def ranking_walk(ranking_no: int, walk_id: str) -> str:
    """The first rows of a ranking at one moment, a list; TTL WALK_TTL_SECONDS."""
    return f"{ranking(ranking_no)}:walk:{walk_id}"
