"""What the generator sends: single actions, batches or reads, as bytes that are ready to send.

Every action ends in the sent log with the last status it was answered with; `bench.sent_log`
compares it with the database.
"""

import json
from collections.abc import Iterator, Sequence
from typing import Any

from rig.actions import Actions, Entry
from rig.http_messages import request_head
from rig.players import Player

SentLog = list[tuple[str, int, int, int]]
"""Action id, index of the player, score, status."""


class Singles:
    """One action a request, by random players, or by each player once."""

    def __init__(
        self,
        host: str,
        players: Sequence[Player],
        *,
        prefer: str,
        each_once: bool,
        with_country: bool = False,
    ):
        self._actions = Actions(with_country=with_country)
        self._count = len(players)
        self._turns: Iterator[int] | None = iter(range(len(players))) if each_once else None
        length = len(self._actions.make(0)[0]) + 2
        self._heads = [
            request_head("POST", "/api/actions/complete", host, player.token, length, prefer)
            for player in players
        ]
        self.sent_log: SentLog = []
        self.unexpected: bytes = b""

    def next_request(self) -> tuple[bytes, Entry] | None:
        """Return a request of the next player, or None when each has had a turn."""
        if self._turns is None:
            player = self._actions.pick(self._count)
        elif (turn := next(self._turns, None)) is None:
            return None
        else:
            player = turn
        members, entry = self._actions.make(player)
        return self._heads[player] + b"{%b}" % members.encode(), entry

    def record_answer(self, entry: Entry, status: int, body: bytes) -> None:
        """Add the action to the sent log, and keep the first answer that is not 200 or 202."""
        self.sent_log.append((*entry, status))
        if status not in (200, 202) and not self.unexpected:
            self.unexpected = body


class Batches:
    """Many actions a request, sent by a game server for its players."""

    def __init__(
        self,
        host: str,
        players: Sequence[Player],
        *,
        token: str,
        size: int,
        prefer: str,
        with_country: bool = False,
        with_session: bool = False,
    ):
        self._ids = [player.user_id for player in players]
        sessions = self._ids if with_session else None
        self._actions = Actions(with_country=with_country, sessions=sessions)
        self._size = size
        self._host, self._token, self._prefer = host, token, prefer
        self.sent_log: SentLog = []
        self.unexpected: bytes = b""

    def next_request(self) -> tuple[bytes, list[Entry]]:
        """Return a batch of actions of random players."""
        parts, entries = [], []
        for _ in range(self._size):
            player = self._actions.pick(len(self._ids))
            members, entry = self._actions.make(player)
            parts.append(f'{{"userId":"{self._ids[player]}",{members}}}')
            entries.append(entry)
        body = f'{{"actions":[{",".join(parts)}]}}'.encode()
        path = "/api/actions/batch"
        head = request_head("POST", path, self._host, self._token, len(body), self._prefer)
        return head + body, entries

    def record_answer(self, entry: list[Entry], status: int, body: bytes) -> None:
        """Add every action to the sent log; one with an error in the answer counts as a 400."""
        refused: set[Any] = set()
        if status in (200, 202):
            if b'"error"' in body:
                results = json.loads(body)["results"]
                refused = {result.get("actionId") for result in results if "error" in result}
                self.unexpected = self.unexpected or body
        elif not self.unexpected:
            self.unexpected = body
        for action in entry:
            self.sent_log.append((*action, 400 if action[0] in refused else status))


class Reads:
    """The same GET again and again, by random players."""

    def __init__(self, host: str, players: Sequence[Player], *, path: str):
        self._actions = Actions()
        self._requests = [request_head("GET", path, host, player.token) for player in players]
        self.sent_log: SentLog = []
        self.unexpected: bytes = b""

    def next_request(self) -> tuple[bytes, bool]:
        """Return the request of a random player."""
        return self._requests[self._actions.pick(len(self._requests))], True

    def record_answer(self, _entry: bool, status: int, body: bytes) -> None:
        """Keep the first answer that is not 200."""
        if status != 200 and not self.unexpected:
            self.unexpected = body


class Ranks:
    """Look-ups of random players, by default of their scores and ranks, by one player."""

    def __init__(
        self,
        host: str,
        players: Sequence[Player],
        *,
        token: str,
        path: str = "/api/users/{userId}/score",
    ):
        self._actions = Actions()
        self._before, _, self._after = path.partition("{userId}")
        self._ids = [player.user_id for player in players]
        self._host, self._token = host, token
        self.sent_log: SentLog = []
        self.unexpected: bytes = b""

    def next_request(self) -> tuple[bytes, bool]:
        """Return the look-up of a random player."""
        user_id = self._ids[self._actions.pick(len(self._ids))]
        path = f"{self._before}{user_id}{self._after}"
        return request_head("GET", path, self._host, self._token), True

    def record_answer(self, _entry: bool, status: int, body: bytes) -> None:
        """Keep the first answer that is not 200."""
        if status != 200 and not self.unexpected:
            self.unexpected = body


class Alternating:
    """Actions and look-ups in turn."""

    def __init__(self, singles: Singles, ranks: Ranks):
        self._sides: tuple[Singles | Ranks, ...] = (singles, ranks)
        self._turn = 0
        self.sent_log = singles.sent_log

    @property
    def unexpected(self) -> bytes:
        """Return the first answer that is not as it should be."""
        return self._sides[0].unexpected or self._sides[1].unexpected

    def next_request(self) -> tuple[bytes, Any] | None:
        """Return the next request; its entry says which side it is of."""
        side, self._turn = self._turn, 1 - self._turn
        request = self._sides[side].next_request()
        return None if request is None else (request[0], (side, request[1]))

    def record_answer(self, entry: tuple[int, Any], status: int, body: bytes) -> None:
        """Pass the answer to the side that sent the request."""
        side, inner = entry
        self._sides[side].record_answer(inner, status, body)


Traffic = Singles | Batches | Reads | Ranks | Alternating
