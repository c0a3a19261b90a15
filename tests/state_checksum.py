"""The whole logical state as text: what must be the same again after an act and its inverse.

Without versions and times of change, which grow with every act.
"""

import hashlib
from typing import Any

import orjson
from redis import Redis
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.store.redis import keys
from domain.store.store import Store

# By name: each a list of rows in one order.
State = dict[str, list[Any]]

TABLES = {
    "scores": (
        "SELECT user_id, score, reached_seq, withheld_seq, total_actions, first_action,"
        " last_action FROM user_scores ORDER BY user_id"
    ),
    "actions": (
        "SELECT action_no, status, reason, score_delta, uncounted, created_at FROM user_actions"
        " ORDER BY action_no"
    ),
    "rows": (
        "SELECT v.board_id, v.version, n.period_key, n.segment, r.user_id, r.value, r.columns,"
        " r.reached_seq, r.is_moved, r.counted, r.attempts, encode(r.sort_key, 'hex')"
        " FROM ranking_rows r JOIN rankings n USING (ranking_no) JOIN board_versions v"
        " USING (version_no) ORDER BY r.ranking_no, r.sort_key, r.user_id"
    ),
    "buckets": (
        "SELECT b.ranking_no, b.bucket_at, b.user_id, b.value, b.columns, b.reached_seq,"
        " b.is_moved, b.counted FROM ranking_buckets b ORDER BY 1, 2, 3"
    ),
}
RANKINGS = "SELECT ranking_no FROM rankings ORDER BY ranking_no"


def read_state(store: Store) -> State:
    """Return scores, statistics, actions, and every row of every board, in SQL and in Redis."""
    with store.write() as connection:
        state: State = {
            name: [list(row) for row in connection.execute(text(query))]
            for name, query in TABLES.items()
        }
        numbers = list(connection.execute(text(RANKINGS)).scalars())
    state["global set"] = store.redis.run(_read_global)
    state["ranking sets"] = store.redis.run(lambda client: _read_rankings(client, numbers))
    return state


def checksum(store: Store) -> str:
    """Return the SHA-256 of the whole state."""
    dumped = orjson.dumps(read_state(store), default=str)
    return hashlib.sha256(dumped).hexdigest()


def find_differences(before: State, after: State) -> list[str]:
    """Return what is in one of two states only, for the message of a test that fails."""
    found = []
    for name in before:
        old, new = ([str(row) for row in state[name]] for state in (before, after))
        found += [f"{name} had {row}" for row in old if row not in new]
        found += [f"{name} has {row}" for row in new if row not in old]
        if not found and old != new:
            found.append(f"{name} has another order: {old} -> {new}")
    return found


def _read_global(client: Redis) -> list[Any]:
    board, rows = keys.board(GLOBAL_BOARD), keys.board_rows(GLOBAL_BOARD)
    members: Any = client.zrange(board, 0, -1, withscores=True)
    stored: Any = client.hgetall(rows)
    # A row is `version|member|updatedMs|username`.
    facts = [
        [user, *(row.split("|", 3)[i] for i in (1, 3))]
        for user, row in sorted(stored.items())
        if user != "#"
    ]
    return [*map(list, members), *facts]


def _read_rankings(client: Redis, numbers: list[int]) -> list[Any]:
    found: list[Any] = []
    for number in numbers:
        members: Any = client.zrange(keys.ranking(number), 0, -1)
        groups: Any = client.zrange(keys.ranking_groups(number), 0, -1)
        rows: Any = client.hgetall(keys.ranking_rows(number))
        # A row is `version|sort key|updatedMs|day|start`.
        places = [[user, row.split("|")[1]] for user, row in sorted(rows.items()) if user != "#"]
        found.append([number, members, groups, places])
    return found
