"""Boards in tests: many players in SQL, the order in Redis, and a restart that keeps the data."""

import random
from uuid import UUID

from sqlalchemy import insert

from domain.boards.model import BoardId
from domain.store.postgres import tables
from domain.store.redis import keys
from domain.store.store import Store


def make_crowd(store: Store, count: int) -> None:
    """Store players with few different scores, so that most of them tie."""
    dice = random.Random(7)
    reached = list(range(1, count + 1))
    dice.shuffle(reached)
    ids = [UUID(int=dice.getrandbits(128)) for _ in range(count)]
    with store.write() as connection:
        connection.execute(
            insert(tables.users),
            [{"user_id": u, "username": f"p{u.hex}"[:32], "username_key": u.hex} for u in ids],
        )
        connection.execute(
            insert(tables.user_scores),
            [
                {"user_id": u, "score": dice.randrange(0, 40), "reached_seq": seq, "version": 1}
                for u, seq in zip(ids, reached, strict=True)
            ],
        )


def list_board(store: Store, board: BoardId) -> list[UUID]:
    """Return the users in the sorted set by rank."""
    members: list[str] = store.redis.run(lambda client: client.zrevrange(keys.board(board), 0, -1))
    return [UUID(member[20:]) for member in members]


def restart(store: Store, board: BoardId) -> None:
    """Make the board that of an earlier run of the server, as a restart does: the data stays."""
    store.redis.run(lambda client: client.hset(keys.board_rows(board), "#", "the run before"))
