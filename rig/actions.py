"""New actions as the members of a JSON object; used by every load generator."""

import random
import time
from collections.abc import Sequence
from datetime import UTC, datetime

# Three digits each, so that all request bodies have the same length.
LOWEST_SCORE, HIGHEST_SCORE = 100, 999
SAME_TIMESTAMP_SECONDS = 0.1
_VERSION_4 = 4 << 76 | 2 << 62
_RANDOM_BITS = (1 << 128) - 1 & ~(0xF << 76 | 3 << 62)

METADATA = '{"actionType":"level_complete","level":5,"duration":120000}'
COUNTRIES = ("DE", "FR", "JP", "BR", "IN", "NG", "AU", "US")

Entry = tuple[str, int, int]
"""An action's id, the index of its player, its score."""


class Actions:
    """Generates actions with new ids and random scores; the same seed repeats both.

    With `with_country` the metadata has its player's country, and a random duration of six digits;
    with `sessions` the player's one, and a duration of seconds.
    """

    def __init__(
        self,
        seed: int | None = None,
        *,
        with_country: bool = False,
        sessions: Sequence[str] | None = None,
    ):
        self._with_country = with_country
        self._sessions = sessions
        self._chance = random.Random(seed)  # noqa: S311 - load, not a secret
        self._timestamp = ""
        self._renewed_at = float("-inf")

    def pick(self, count: int) -> int:
        """Return a random index below `count`."""
        return int(self._chance.random() * count)

    def make(self, player: int) -> tuple[str, Entry]:
        """Return the members of a new action's JSON object, and its entry in the sent log."""
        bits = self._chance.getrandbits(128) & _RANDOM_BITS | _VERSION_4
        raw = f"{bits:032x}"
        action_id = f"{raw[:8]}-{raw[8:12]}-{raw[12:16]}-{raw[16:20]}-{raw[20:]}"
        score = LOWEST_SCORE + self.pick(HIGHEST_SCORE - LOWEST_SCORE + 1)
        if time.perf_counter() - self._renewed_at > SAME_TIMESTAMP_SECONDS:
            self._timestamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
            self._renewed_at = time.perf_counter()
        metadata = METADATA
        if self._sessions is not None:
            metadata = self._name_session(self._sessions[player])
        elif self._with_country:
            metadata = self._detail(player)
        members = encode_members(action_id, score, self._timestamp, metadata)
        return members, (action_id, player, score)

    def _detail(self, player: int) -> str:
        country, duration = COUNTRIES[player % len(COUNTRIES)], 100_000 + self.pick(900_000)
        return f'{METADATA[: -len("120000}")]}{duration},"country":"{country}"}}'

    def _name_session(self, session_id: str) -> str:
        duration = 1_000 + self.pick(9_000)
        return f'{METADATA[: -len("120000}")]}{duration},"sessionId":"{session_id}"}}'


def encode_members(action_id: str, score: int, timestamp: str, metadata: str = METADATA) -> str:
    """Return the members of an action's JSON object, without the braces around them."""
    return (
        f'"actionId":"{action_id}","score":{score},"timestamp":"{timestamp}","metadata":{metadata}'
    )
