"""The names that tokens claim, noted by the routes of actions and followed in the background.

A claim that this process has just seen of the same player costs one look into memory; a new or
changed one, or one that was looked at an hour ago, is looked up with others, once a second.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from datetime import UTC, datetime
from uuid import UUID

from domain.accounts.claims import Claim, follow_claims
from domain.boards.model import BoardId
from domain.store.store import Store
from web.http.caller import Principal
from workers.process.background import BackgroundThread

STEP_SECONDS = 1.0
# A claim that came too soon after the last renaming is looked at again after this long.
REMEMBER_SECONDS = 3600.0
MAX_REMEMBERED = 50_000
MAX_NOTED = 10_000
MAX_PER_STEP = 500


class ClaimFollower:
    """Remembers the last claim of each player, and follows those that are new; thread-safe.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, store: Store, board: BoardId, clock: Callable[[], float] = time.monotonic):
        self.thread = BackgroundThread("claims", self.follow, every_seconds=STEP_SECONDS)
        self._store = store
        self._board = board
        self._clock = clock
        self._lock = threading.Lock()
        self._seen: OrderedDict[UUID, tuple[str, float]] = OrderedDict()
        self._noted: dict[UUID, Claim] = {}

    def start(self) -> None:
        """Start following claims in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop following."""
        self.thread.stop()

    def note(self, principal: Principal) -> None:
        """Note the claim of a player who acts; a game server's is nobody's name."""
        claim = principal.username
        if not claim or principal.is_service:
            return
        seen = self._seen.get(principal.user_id)
        if seen is not None and seen[0] == claim and self._clock() < seen[1]:
            return
        with self._lock:
            if len(self._noted) >= MAX_NOTED:
                return
            self._noted[principal.user_id] = Claim(claim, principal.issued_at)
            self._seen[principal.user_id] = (claim, self._clock() + REMEMBER_SECONDS)
            self._seen.move_to_end(principal.user_id)
            while len(self._seen) > MAX_REMEMBERED:
                self._seen.popitem(last=False)

    def follow(self) -> None:
        """Follow what was noted: one step of the thread. Raises DatabaseUnavailableError."""
        with self._lock:
            taken = dict(list(self._noted.items())[:MAX_PER_STEP])
            for user_id in taken:
                del self._noted[user_id]
        if not taken:
            return
        try:
            again = follow_claims(
                self._store, board=self._board, claims=taken, now=datetime.now(UTC)
            )
        except Exception:
            self._forget(taken)
            raise
        # Their first action is not stored yet; the next one has them looked at again.
        self._forget(again)

    def _forget(self, user_ids: Iterable[UUID]) -> None:
        with self._lock:
            for user_id in user_ids:
                self._seen.pop(user_id, None)
