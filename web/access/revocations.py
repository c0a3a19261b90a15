"""What this process knows of revoked tokens and of bans, read from PostgreSQL every second.

Owned by `web/access/verifier.py`. PostgreSQL decides; the pub/sub message only makes the next read
come sooner.
"""

import threading
import time
from collections.abc import Callable
from datetime import datetime
from uuid import UUID

from domain.errors import DatabaseUnavailableError
from domain.store.postgres.accounts.revocations import (
    OVERLAP_SECONDS,
    Revocation,
    RevocationKind,
    list_revocations,
)
from domain.store.postgres.moderation.bans import KnownBan
from domain.store.store import Store
from web.access.bans import Bans
from web.server.greenlets import run_in_thread
from workers.process.background import BackgroundThread

READ_SECONDS = 1.0
# Everything is read again this often, which is also when ended revocations are forgotten.
FULL_READ_SECONDS = 600.0


class Revocations:
    """Answers from memory whether a token, a session or a user is revoked; thread-safe.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic):
        self.thread = BackgroundThread("revocations", self.read, every_seconds=READ_SECONDS)
        self.bans = Bans()
        self._store = store
        self._clock = clock
        self._jtis: frozenset[str] = frozenset()
        self._sessions: frozenset[str] = frozenset()
        self._users: dict[str, datetime] = {}
        self._known: dict[tuple[RevocationKind, str], Revocation] = {}
        self._created_at = clock()
        self._last_read: float | None = None
        self._last_full_read = 0.0
        self._failed_at = -READ_SECONDS
        self._lock = threading.Lock()
        self._first_read_lock = threading.Lock()

    @property
    def age_seconds(self) -> float:
        """Seconds since revocations were last read, or since this object was made."""
        read_at = self._created_at if self._last_read is None else self._last_read
        return self._clock() - read_at

    def start(self) -> None:
        """Start reading every second in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self.thread.stop()

    def read_soon(self) -> None:
        """Have the thread read now; called when another process has announced a revocation."""
        self.thread.wake()

    def is_revoked(
        self,
        *,
        user_id: UUID,
        session_id: UUID | None,
        jti: str | None,
        issued_at: datetime | None,
    ) -> bool:
        """Return whether any of these is revoked.

        Without `issued_at` every revocation of the user counts. Raises DatabaseUnavailableError
        when revocations could not be read even once since the start.
        """
        if self._last_read is None:
            run_in_thread(self._read_first)
        if jti in self._jtis:
            return True
        if session_id is not None and self._sessions and str(session_id) in self._sessions:
            return True
        if not self._users:
            return False
        revoked_at = self._users.get(str(user_id))
        return revoked_at is not None and (issued_at is None or issued_at <= revoked_at)

    def find_ban(self, user_id: UUID) -> KnownBan | None:
        """Return the user's ban, or None; raises DatabaseUnavailableError as `is_revoked`."""
        if self._last_read is None:
            run_in_thread(self._read_first)
        return self.bans.find(user_id)

    def read(self) -> None:
        """Read what is new; raises DatabaseUnavailableError."""
        with self._lock:
            now = self._clock()
            # After a gap longer than the overlap something may have been missed: read everything.
            full = (
                self._last_read is None
                or now - self._last_read > OVERLAP_SECONDS / 2
                or now - self._last_full_read > FULL_READ_SECONDS
            )
            with self._store.write() as connection:
                found = list_revocations(connection, only_recent=not full)
                # After them, and in effect before them: whose token a ban has revoked is banned.
                self.bans.read(connection, is_full=full)
            known = {} if full else self._known
            fresh = {(item.kind, item.subject): item for item in found}
            if full or not fresh.keys() <= known.keys() or self._has_later(fresh):
                self._remember({**known, **fresh})
            self._last_read = now
            if full:
                self._last_full_read = now

    def _read_first(self) -> None:
        """Read, unless another request has just read or failed to; raises as `read` does."""
        with self._first_read_lock:
            if self._last_read is not None:
                return
            if self._clock() < self._failed_at + READ_SECONDS:
                raise DatabaseUnavailableError
            try:
                self.read()
            except DatabaseUnavailableError:
                self._failed_at = self._clock()
                raise

    def _has_later(self, fresh: dict[tuple[RevocationKind, str], Revocation]) -> bool:
        return any(self._known[key] != item for key, item in fresh.items())

    def _remember(self, known: dict[tuple[RevocationKind, str], Revocation]) -> None:
        self._known = known
        subjects: dict[RevocationKind, list[Revocation]] = {kind: [] for kind in RevocationKind}
        for item in known.values():
            subjects[item.kind].append(item)
        self._jtis = frozenset(item.subject for item in subjects[RevocationKind.JTI])
        self._sessions = frozenset(item.subject for item in subjects[RevocationKind.SESSION])
        self._users = {item.subject: item.revoked_at for item in subjects[RevocationKind.USER]}
