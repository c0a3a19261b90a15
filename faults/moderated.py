"""A player who is banned, and some of whose actions are voided and restored, all over HTTP.

Used by the scenario `bans-and-voids`. A game server sends the actions, because a ban ends the
player's own tokens for good. Everything is sent again until its outcome is known.
"""

import asyncio
import json
import random
import time
from dataclasses import dataclass, field
from typing import Any

from faults.client import Client
from faults.reconciliation import is_unknown
from rig.actions import Actions

PAUSE_SECONDS = 0.2
# Each process knows of a ban, and of its end, within a second. More, for a busy machine.
KNOWN_SECONDS = 10.0
SETTLED_SECONDS = 40.0
ACTIONS = 3

BANNED = "BANNED"
_STORED = (None, "DUPLICATE_ACTION")
_RESULTS = {"void": "voided", "restore": "applied"}


@dataclass(frozen=True)
class Callers:
    """The tokens of the game server and of the admin who moderates, and the client of both."""

    client: Client
    server: str
    admin: str


@dataclass
class ModeratedPlayer:
    """One player: what became of its actions, and whether it is banned."""

    user_id: str
    callers: Callers
    chance: random.Random
    applied: dict[str, int] = field(default_factory=dict)
    """Scores by action id; so are the voided ones."""
    voided: dict[str, int] = field(default_factory=dict)
    uncertain: dict[str, int] = field(default_factory=dict)
    """Sent without an answer before a ban refused them: stored or not."""
    is_banned: bool = False
    bans: int = 0
    problems: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._actions = Actions(self.chance.getrandbits(64))

    async def live(self, until: float, *, ends_banned: bool) -> None:
        """Play, be judged and be banned, once and again until this moment of time.monotonic()."""
        while not self.bans or time.monotonic() < until:
            for _ in range(ACTIONS):
                await self.find_accepted()
            await self.void()
            await self.ban()
            await self.find_refused()
            await self.restore()
            await self.void()
            await self.end_ban()
        await self.find_accepted()
        if ends_banned:
            await self.ban()
            await self.find_refused()

    async def find_accepted(self) -> None:
        """Send actions until one is accepted; a problem if the player's ban does not end."""
        await self._play_until(wants_refusal=False)

    async def find_refused(self) -> None:
        """Send actions until one is refused; a problem if the ban is never known."""
        await self._play_until(wants_refusal=True)

    async def _play_until(self, *, wants_refusal: bool) -> None:
        deadline = time.monotonic() + KNOWN_SECONDS
        while await self._is_refused() is not wants_refusal:
            if time.monotonic() > deadline:
                word = "accepted while" if wants_refusal else "refused though not"
                self.problems.append(f"actions of {self.user_id} are {word} banned")
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _is_refused(self) -> bool:
        members, (action_id, _, score) = self._actions.make(0)
        body = f'{{"actions":[{{{members},"userId":"{self.user_id}"}}]}}'.encode()
        server, was_unknown = self.callers.server, False
        deadline = time.monotonic() + SETTLED_SECONDS
        while time.monotonic() < deadline:
            status, answer = await self._call("POST", "/api/actions/batch", server, body)
            code = _code_of(answer) if status in (200, 202) else f"HTTP {status}"
            if code in _STORED:
                self.applied[action_id] = score
                return False
            if code == BANNED:
                if was_unknown:
                    self.uncertain[action_id] = score
                return True
            was_unknown = True
            await asyncio.sleep(PAUSE_SECONDS)
        self.problems.append(f"an action of {self.user_id} was answered {code} for too long")
        return False

    async def ban(self) -> None:
        """Ban the player for good."""
        body = b'{"reason":"CHEATING","note":"found by a test of faults"}'
        await self._settle("POST", f"/api/moderation/users/{self.user_id}/ban", body, {200})
        self.is_banned = True
        self.bans += 1

    async def end_ban(self) -> None:
        """End the ban. A repeat finds none any more."""
        path = f"/api/moderation/users/{self.user_id}/ban"
        await self._settle("DELETE", path, b'{"reason":"an error"}', {204, 404})
        self.is_banned = False

    async def void(self) -> None:
        """Have one of the actions that count taken back."""
        await self._decide("void", self.applied, self.voided)

    async def restore(self) -> None:
        """Have one of the voided actions count again."""
        await self._decide("restore", self.voided, self.applied)

    async def _decide(self, decision: str, of: dict[str, int], to: dict[str, int]) -> None:
        """Decide on one of the actions `of`, which is one of those `to` then."""
        if not of:
            return
        action_id = self.chance.choice(list(of))
        body = json.dumps({"decision": decision, "reason": "seen"}).encode()
        path = f"/api/moderation/actions/{action_id}/decision"
        wanted = _RESULTS[decision]
        await self._settle("POST", path, body, {200, 202}, is_done=f'"status":"{wanted}"'.encode())
        to[action_id] = of.pop(action_id)

    async def _settle(
        self, method: str, path: str, body: bytes, wanted: set[int], is_done: bytes = b"\0"
    ) -> None:
        """Send a moderator's request until it is done; a refusal with `is_done` says so too."""
        deadline = time.monotonic() + SETTLED_SECONDS
        while True:
            status, answer = await self._call(method, path, self.callers.admin, body)
            if status in wanted or (status == 409 and is_done in answer):
                return
            # An action is not final at once, and none is decided on while it is pending.
            waits = is_unknown(status) or (status in (404, 409) and is_done != b"\0")
            if not waits or time.monotonic() > deadline:
                self.problems.append(f"{method} {path} was answered {status} {answer[:200]!r}")
                return
            await asyncio.sleep(PAUSE_SECONDS)

    async def _call(self, method: str, path: str, token: str, body: bytes) -> tuple[int, bytes]:
        return await self.callers.client.call(method, path, token, body)


def _code_of(answer: bytes) -> str | None:
    """Return the code with which the one action of a batch was refused, None if it was not."""
    result: dict[str, Any] = json.loads(answer)["results"][0]
    code: str | None = result.get("error", {}).get("code")
    return code
