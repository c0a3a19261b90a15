"""What the generator sends: actions one by one, in batches, or reads; made of ready bytes.

Every action that is sent ends in the ledger with the last status it got, for
`bench/reconciliation.py`.
"""

import json
import random
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from rig.connection import now

# All of three digits: the length of a body is then always the same.
LOWEST_SCORE, HIGHEST_SCORE = 100, 999
SAME_TIMESTAMP_SECONDS = 0.1
_VERSION_4 = 4 << 76 | 2 << 62
_RANDOM_BITS = (1 << 128) - 1 & ~(0xF << 76 | 3 << 62)

Entry = tuple[str, int, int]
"""An action's id, its player's number, its score."""


@dataclass(frozen=True)
class Player:
    """A user id and a token for it."""

    user_id: str
    token: str


class Actions:
    """Makes the JSON of new actions with ids nobody has used."""

    def __init__(self, seed: int | None = None):
        self._chance = random.Random(seed)  # noqa: S311 - load, not a secret
        self._timestamp = ""
        self._renewed_at = float("-inf")

    def pick(self, among: int) -> int:
        """Return a player's number."""
        return int(self._chance.random() * among)

    def make(self, player: int) -> tuple[str, Entry]:
        """Return the members of a new action's JSON object, and what the ledger will say."""
        bits = self._chance.getrandbits(128) & _RANDOM_BITS | _VERSION_4
        raw = f"{bits:032x}"
        action_id = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
        score = LOWEST_SCORE + self.pick(HIGHEST_SCORE - LOWEST_SCORE + 1)
        if now() - self._renewed_at > SAME_TIMESTAMP_SECONDS:
            self._timestamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            self._renewed_at = now()
        members = (
            f'"actionId":"{action_id}","score":{score},"timestamp":"{self._timestamp}",'
            '"metadata":{"actionType":"level_complete","level":5,"duration":120000}'
        )
        return members, (action_id, player, score)


class Singles:
    """One action a request, by random players, or by each player once."""

    def __init__(self, host: str, players: Sequence[Player], *, prefer: str, each_once: bool):
        self._actions = Actions()
        self._count = len(players)
        self._turns: Iterator[int] | None = iter(range(len(players))) if each_once else None
        length = len(self._actions.make(0)[0]) + 2
        self._heads = [
            _head("POST", "/api/actions/complete", host, player.token, length, prefer)
            for player in players
        ]
        self.ledger: list[tuple[str, int, int, int]] = []
        self.strange: bytes = b""

    def next_request(self) -> tuple[bytes, Entry] | None:
        """Return an action of the next player."""
        if self._turns is None:
            player = self._actions.pick(self._count)
        elif (turn := next(self._turns, None)) is None:
            return None
        else:
            player = turn
        members, entry = self._actions.make(player)
        return self._heads[player] + b"{%b}" % members.encode(), entry

    def record_answer(self, entry: Entry, status: int, body: bytes) -> None:
        """Write the answer down."""
        self.ledger.append((*entry, status))
        if status not in (200, 202) and not self.strange:
            self.strange = body


class Batches:
    """Many actions a request, by a game server for its players."""

    def __init__(self, host: str, players: Sequence[Player], *, token: str, size: int, prefer: str):
        self._actions = Actions()
        self._ids = [player.user_id for player in players]
        self._size = size
        self._host, self._token, self._prefer = host, token, prefer
        self.ledger: list[tuple[str, int, int, int]] = []
        self.strange: bytes = b""

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
        head = _head("POST", path, self._host, self._token, len(body), self._prefer)
        return head + body, entries

    def record_answer(self, entry: list[Entry], status: int, body: bytes) -> None:
        """Write down the answer to every action: one that is bad fails alone."""
        refused: set[Any] = set()
        if status in (200, 202):
            if b'"error"' in body:
                results = json.loads(body)["results"]
                refused = {result.get("actionId") for result in results if "error" in result}
                self.strange = self.strange or body
        elif not self.strange:
            self.strange = body
        for action in entry:
            self.ledger.append((*action, 400 if action[0] in refused else status))


class Reads:
    """The same GET again and again, by random players."""

    def __init__(self, host: str, players: Sequence[Player], *, path: str):
        self._actions = Actions()
        self._requests = [_head("GET", path, host, player.token) for player in players]
        self.ledger: list[tuple[str, int, int, int]] = []
        self.strange: bytes = b""

    def next_request(self) -> tuple[bytes, bool]:
        """Return the request of a random player."""
        return self._requests[self._actions.pick(len(self._requests))], True

    def record_answer(self, _entry: bool, status: int, body: bytes) -> None:
        """Keep what should not be."""
        if status != 200 and not self.strange:
            self.strange = body


def _head(
    method: str, path: str, host: str, token: str, length: int | None = None, prefer: str = ""
) -> bytes:
    lines = [f"{method} {path} HTTP/1.1", f"Host: {host}", f"Authorization: Bearer {token}"]
    if length is not None:
        lines += ["Content-Type: application/json", f"Content-Length: {length}"]
    lines += [f"Prefer: {prefer}"] if prefer else []
    return "\r\n".join([*lines, "", ""]).encode()
