"""Bans, their ends, voids and restores, while what they pass through is killed and flushed."""

import asyncio
import json
import random
import signal
import time
from collections.abc import Iterator
from typing import Any

from domain.boards.model import GLOBAL_BOARD
from domain.store.redis import keys
from faults.client import Client, Sent
from faults.moderated import Callers, ModeratedPlayer
from faults.scenario import Injection, Scenario
from faults.scenarios.processes import WORKERS
from rig.draining import wait_until
from rig.players import read_players

PLAYERS = 10
BREAK_EVERY_SECONDS = 0.7
# Also after a slow start of the command that makes the token.
LEAST_SECONDS = 6.0
SHOWN_SECONDS = 20.0
BOARD = b'{"id":"moderated","title":"Moderated"}'

_NOT_SHOWN = "SELECT count(*) FROM bans WHERE shown_at IS NULL"
_ACTIONS = "SELECT action_id::text, status, score_delta FROM user_actions WHERE user_id = %s"
_SCORE = "SELECT score FROM user_scores WHERE user_id = %s"
_RANKED = "SELECT DISTINCT user_id::text FROM ranking_rows WHERE user_id = ANY(%s::uuid[])"


class BansAndVoids:
    """The scenario, and the players of its last run."""

    def __init__(self) -> None:
        self._players: list[ModeratedPlayer] = []

    def inject(self, injection: Injection) -> None:
        """Ban and end bans, void and restore; kill and flush meanwhile."""
        callers = _make_callers(injection)
        injection.ends_at = max(injection.ends_at, time.monotonic() + LEAST_SECONDS)
        self._players = [
            ModeratedPlayer(user_id, callers, random.Random(injection.chance.random()))  # noqa: S311
            for user_id in _make_ids(injection.chance)
        ]
        asyncio.run(self._run(injection, callers))
        for player in self._players:
            injection.problems += player.problems

    async def _run(self, injection: Injection, callers: Callers) -> None:
        await callers.client.call("POST", "/api/admin/boards", callers.admin, BOARD)
        lives = [
            player.live(injection.ends_at, ends_banned=number % 2 == 0)
            for number, player in enumerate(self._players)
        ]
        await asyncio.gather(asyncio.to_thread(_break, injection), *lives)
        callers.client.close()

    def find_problems(self, injection: Injection, _sent: list[Sent]) -> list[str]:
        """Return what is not as the moderator left it, and who is on a board and should not be."""
        if wait_until(lambda: _all_shown(injection), timeout_seconds=SHOWN_SECONDS) is None:
            return [f"a ban was not shown after {SHOWN_SECONDS:g} s"]
        problems = [problem for player in self._players for problem in _compare(injection, player)]
        banned = {player.user_id for player in self._players if player.is_banned}
        free = {player.user_id for player in self._players} - banned
        for board, shown in _read_boards(injection, self._players):
            problems += [f"{user} is banned and on {board}" for user in sorted(banned & shown)]
            problems += [f"{user} is not on {board}" for user in sorted(free - shown)]
        differences = injection.system.stack.find_differences()
        return [*problems, differences] if differences else problems


def _make_callers(injection: Injection) -> Callers:
    """Return the game server of the stack's players, and a new admin: that takes seconds."""
    stack = injection.system.stack
    _, server = read_players(stack.home.secrets / "players.tsv")
    admin = stack.output_of("flask", "--app", "wsgi", "tokens", "issue", "--role", "admin").strip()
    return Callers(Client(stack.port), server.token, admin)


def _make_ids(chance: random.Random) -> Iterator[str]:
    for _ in range(PLAYERS):
        raw = f"{chance.getrandbits(128):032x}"
        yield f"{raw[:8]}-{raw[8:12]}-4{raw[13:16]}-8{raw[17:20]}-{raw[20:]}"


def _break(injection: Injection) -> None:
    """Kill workers, keeper and API processes and flush Redis, in random order, until the end."""
    chance, system = random.Random(injection.chance.random()), injection.system  # noqa: S311

    def kill_api_worker() -> None:
        for pid in system.api_workers()[:1]:
            system.kill(pid)

    def flush() -> None:
        with injection.stores.redis() as redis:
            redis.flushall()

    faults = [
        lambda: system.send(chance.choice(WORKERS), signal.SIGKILL),
        lambda: system.send("keeper", signal.SIGKILL),
        lambda: system.send("api", signal.SIGKILL),
        kill_api_worker,
        flush,
    ]
    while time.monotonic() < injection.ends_at:
        for fault in chance.sample(faults, k=len(faults)):
            fault()
            if not injection.lasts(chance.uniform(0.3, 1.7) * BREAK_EVERY_SECONDS):
                return


def _all_shown(injection: Injection) -> bool:
    return _query(injection, _NOT_SHOWN) == [(0,)]


def _compare(injection: Injection, player: ModeratedPlayer) -> list[str]:
    """Return which of the player's actions, and whether the score, is not what it should be."""
    rows = {row[0]: tuple(row[1:]) for row in _query(injection, _ACTIONS, player.user_id)}
    wanted = {name: ("applied", score) for name, score in player.applied.items()}
    wanted |= {name: ("voided", score) for name, score in player.voided.items()}
    wanted |= {name: ("applied", score) for name, score in player.uncertain.items() if name in rows}
    problems = [
        f"{name} is {rows.get(name)} and should be {wanted.get(name)}"
        for name in sorted(rows.keys() | wanted.keys())
        if rows.get(name) != wanted.get(name)
    ]
    score = sum(score for status, score in wanted.values() if status == "applied")
    found = _query(injection, _SCORE, player.user_id)
    if [row[0] for row in found] != [score]:
        problems.append(f"{player.user_id} has {found} and should have {score}")
    return problems


def _read_boards(
    injection: Injection, players: list[ModeratedPlayer]
) -> Iterator[tuple[str, set[str]]]:
    """Yield the name of each place that shows ranked players, and who is there."""
    ids = [player.user_id for player in players]
    yield "a board of ranking_rows", {row[0] for row in _query(injection, _RANKED, ids)}
    with injection.stores.redis() as redis:
        members: Any = redis.zrange(keys.board(GLOBAL_BOARD), 0, -1)
    yield "the sorted set", {member.decode().partition(":")[2] for member in members}
    yield "the API's leaderboard", asyncio.run(_read_leaderboard(injection))


async def _read_leaderboard(injection: Injection) -> set[str]:
    """Return everybody on the leaderboard, page by page, up to one that is not answered."""
    client = Client(injection.system.stack.port)
    shown: set[str] = set()
    cursor: str | None = ""
    while cursor is not None:
        path = "/api/leaderboard?limit=100" + (f"&cursor={cursor}" if cursor else "")
        status, body = await client.call("GET", path, injection.players[0].token)
        if status != 200:
            break
        page = json.loads(body)
        shown |= {row["userId"] for row in page["leaderboard"]}
        cursor = page["nextCursor"]
    client.close()
    return shown


def _query(injection: Injection, statement: str, *parameters: Any) -> list[tuple[Any, ...]]:
    connection = injection.stores.connect()
    try:
        with connection.cursor() as cursor:
            cursor.execute(statement, parameters)
            return cursor.fetchall()
    finally:
        connection.close()


_SCENARIO = BansAndVoids()
SCENARIOS = (
    Scenario(
        name="bans-and-voids",
        inject=_SCENARIO.inject,
        find_problems=_SCENARIO.find_problems,
        whole_run=True,
        lowers_scores=True,
    ),
)
