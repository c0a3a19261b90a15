"""Redis that answers, and not as it should: a replica now, without rights, with a part evicted."""

import http.client
import json
from itertools import cycle
from typing import Any

from redis import Redis

from domain.boards.model import GLOBAL_BOARD
from domain.store.redis import keys
from faults.answers import find_slow_or_failed
from faults.client import Sent
from faults.scenario import Injection, Scenario
from local.ports import LOOPBACK

ANSWERED_SECONDS = 1.0
ASK_SECONDS = 5.0
LOOK_EVERY_SECONDS = 0.2
LOOKS_AT_EACH_LOSS = 10
NOBODY = ("127.0.0.1", "1")


def demote(injection: Injection) -> None:
    """Make it a replica of a server that is not there; connections stay open."""
    with injection.stores.redis() as redis:
        refused_before = _count_refused(redis, "READONLY")
        redis.execute_command("REPLICAOF", *NOBODY)
        while injection.lasts(1.0):
            pass
        redis.execute_command("REPLICAOF", "NO", "ONE")
        _require_refusals(injection, redis, "READONLY", refused_before)


def forbid(injection: Injection) -> None:
    """Take every right from the product's user."""
    with injection.stores.redis() as redis:
        refused_before = _count_refused(redis, "NOPERM")
        redis.acl_setuser("default", enabled=True, categories=["-@all"], commands=["+acl"])
        while injection.lasts(1.0):
            pass
        redis.acl_setuser("default", enabled=True, categories=["+@all"])
        _require_refusals(injection, redis, "NOPERM", refused_before)


def evict(injection: Injection) -> None:
    """Take a part of the board away, again and again, and look at the board that is shown."""
    board, rows = keys.board(GLOBAL_BOARD), keys.board_rows(GLOBAL_BOARD)
    users = _read_board(injection)["totalUsers"]
    with injection.stores.redis() as redis:
        losses = (
            ("DEL", board),
            ("DEL", rows),
            ("ZREMRANGEBYRANK", board, 0, 20),
            ("ZREMRANGEBYRANK", board, -5, -1),
            ("DEL", board, rows),
        )
        for command in cycle(losses):
            redis.execute_command(*command)
            for _ in range(LOOKS_AT_EACH_LOSS):
                problem = _find_wrong(_read_board(injection), users)
                if problem:
                    injection.problems.append(problem)
                    return
                if not injection.lasts(LOOK_EVERY_SECONDS):
                    return


def _find_wrong(shown: dict[str, Any], users: int) -> str | None:
    board = shown["leaderboard"]
    if shown["totalUsers"] < users or len(board) < min(users, 100):
        return f"{len(board)} of {shown['totalUsers']} users were shown, and there are {users}"
    if len({row["userId"] for row in board}) < len(board):
        return "a user was shown twice"
    if not all(row["username"] for row in board):
        return "a user was shown without a name"
    return None


def _read_board(injection: Injection) -> dict[str, Any]:
    """Return the board around a random player, as the sorted set or else SQL has it."""
    player = injection.chance.choice(injection.players)
    connection = http.client.HTTPConnection(
        LOOPBACK, injection.system.stack.port, timeout=ASK_SECONDS
    )
    try:
        headers = {"Authorization": f"Bearer {player.token}"}
        connection.request("GET", "/api/leaderboard?limit=100", headers=headers)
        shown: dict[str, Any] = json.loads(connection.getresponse().read())
    finally:
        connection.close()
    return shown


def _count_refused(redis: Redis, code: str) -> int:
    errors: Any = redis.info("errorstats")
    return int(errors.get(f"errorstat_{code}", {}).get("count", 0))


def _require_refusals(injection: Injection, redis: Redis, code: str, before: int) -> None:
    if _count_refused(redis, code) == before:
        injection.problems.append(f"no command was answered {code}: the fault had no effect")


def find_slow_or_failed_requests(injection: Injection, sent: list[Sent]) -> list[str]:
    """Return slow and failed requests: no answer of Redis may cause any."""
    return find_slow_or_failed(injection, sent, p99_seconds=ANSWERED_SECONDS)


SCENARIOS = tuple(
    Scenario(name=name, inject=inject, find_problems=find_slow_or_failed_requests)
    for name, inject in (
        ("redis-demoted", demote),
        ("redis-forbidden", forbid),
        ("redis-board-evicted", evict),
    )
)
