"""Players who keep sending during an outage, and the log of what was sent and answered."""

import http.client
import itertools
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from types import TracebackType
from typing import Self

from tests.e2e.api import Answer, action
from tests.e2e.stack import Stack

THREADS = 4
PAUSE_SECONDS = 0.15
RETRY_SECONDS = 0.25
GIVE_UP_SECONDS = 40.0
# Below ten in a minute, the limit of a player.
ACTIONS_OF_A_PLAYER = 8
SCORE = 10


@dataclass
class SentLog:
    """All answers; an action is acknowledged by 2xx, or by 409 when it was sent again."""

    acknowledged: dict[str, str] = field(default_factory=dict)
    """User ids by action id."""
    answers: Counter[str] = field(default_factory=Counter)
    unresolved: list[str] = field(default_factory=list)
    slowest_seconds: float = 0.0
    """Of one request, from its connection to its answer."""

    def expected_scores(self) -> Counter[str]:
        """Return the final score of each player."""
        return Counter(
            {user: SCORE * count for user, count in Counter(self.acknowledged.values()).items()}
        )


class Load:
    """Sends from a few threads during the context; afterwards every outcome is known."""

    def __init__(self, stack: Stack, players: list[dict[str, str]]) -> None:
        self.sent_log = SentLog()
        self._stack = stack
        self._turns = itertools.chain.from_iterable(
            itertools.repeat(player, ACTIONS_OF_A_PLAYER) for player in players
        )
        self._lock = threading.Lock()
        self._stopped = threading.Event()
        self._threads = [threading.Thread(target=self._play, daemon=True) for _ in range(THREADS)]

    def __enter__(self) -> Self:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self._stopped.set()
        for thread in self._threads:
            thread.join(GIVE_UP_SECONDS + 10)

    def wait_for(self, more: int, seconds: float = 30.0) -> None:
        """Wait until `more` further actions were acknowledged."""
        wanted = len(self.sent_log.acknowledged) + more
        deadline = time.monotonic() + seconds
        while len(self.sent_log.acknowledged) < wanted:
            assert time.monotonic() < deadline, (
                f"fewer than {more} more in {seconds} s: {self.sent_log}"
            )
            time.sleep(0.02)

    def _play(self) -> None:
        while not self._stopped.wait(PAUSE_SECONDS):
            with self._lock:
                player = next(self._turns, None)
            if player is None:
                return
            self._send(player)

    def _send(self, player: dict[str, str]) -> None:
        """Post one action, repeatedly with the same id while its outcome is unknown."""
        body = action(SCORE)
        deadline = time.monotonic() + GIVE_UP_SECONDS
        for attempt in itertools.count():
            started = time.monotonic()
            word = self._post(player["token"], body)
            is_repetition = attempt > 0 and word == "409 DUPLICATE_ACTION"
            with self._lock:
                self.sent_log.answers[word] += 1
                took_seconds = time.monotonic() - started
                self.sent_log.slowest_seconds = max(self.sent_log.slowest_seconds, took_seconds)
                if word in ("200", "202 pending") or is_repetition:
                    self.sent_log.acknowledged[body["actionId"]] = player["userId"]
                    return
            if word not in ("503 SERVICE_UNAVAILABLE", "no answer") or time.monotonic() > deadline:
                self.sent_log.unresolved.append(f"{word} {body['actionId']}")
                return
            time.sleep(RETRY_SECONDS)

    def _post(self, token: str, body: dict[str, object]) -> str:
        try:
            with self._stack.api() as client:
                answer = client.call("POST", "/api/actions/complete", body, token=token)
        except (OSError, http.client.HTTPException):
            return "no answer"
        return _word_for(answer)


def _word_for(answer: Answer) -> str:
    if answer.status == http.client.OK:
        return "200"
    if answer.status == http.client.ACCEPTED:
        return f"202 {answer.body['status']}"
    return f"{answer.status} {answer.error['code']}"
