"""One player who acts and reads a board, in turn, around the moment at which a period begins."""

import http.client
import json
import time
from dataclasses import dataclass, field

from local.ports import LOOPBACK
from rig.actions import Actions, Entry
from rig.http_messages import BROKEN

ANSWER_SECONDS = 30.0
PAUSE_SECONDS = 0.01


@dataclass(kw_only=True)
class Probed:
    """Seconds from the moment to the first answers to what was sent after it; None for never."""

    acted: float | None = None  # an action was decided
    read: float | None = None  # the board was read
    shown: float | None = None  # it showed a player
    sent: list[tuple[Entry, int]] = field(default_factory=list)  # actions and their statuses

    @property
    def is_complete(self) -> bool:
        """Return whether all three have happened."""
        return None not in (self.acted, self.read, self.shown)


def probe(port: int, token: str, *, board: str, at: float, until: float) -> Probed:
    """Act and read until all three have happened; `at` and `until` are seconds since 1970.

    What is answered before the moment keeps the connection and its token warm.
    """
    found, actions = Probed(), Actions()
    while time.time() < until and not found.is_complete:
        members, entry = actions.make(0)
        sent_at = time.time()
        status, _ = _ask(port, token, "POST", "/api/actions/complete", f"{{{members}}}")
        found.sent.append((entry, status))
        if status == http.client.OK and sent_at >= at and found.acted is None:
            found.acted = time.time() - at
        sent_at = time.time()
        status, body = _ask(port, token, "GET", f"/api/boards/{board}/standings?limit=10")
        if status == http.client.OK and sent_at >= at:
            answered = time.time() - at
            found.read = answered if found.read is None else found.read
            if json.loads(body)["leaderboard"]:
                found.shown = answered
        time.sleep(PAUSE_SECONDS)
    return found


def _ask(
    port: int, token: str, method: str, path: str, body: str | None = None
) -> tuple[int, bytes]:
    """Return status and body; BROKEN when there is no answer."""
    connection = http.client.HTTPConnection(LOOPBACK, port, timeout=ANSWER_SECONDS)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    try:
        connection.request(method, path, body, headers)
        answer = connection.getresponse()
        return answer.status, answer.read()
    except (OSError, http.client.HTTPException):
        return BROKEN, b""
    finally:
        connection.close()
