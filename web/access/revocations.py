"""What this process knows of revoked tokens: read from PostgreSQL every second, sooner when told.

Owned by `web/access/verifier.py`. PostgreSQL decides; the pub/sub message only
hastens the next look.
"""

import threading
import time
from datetime import datetime
from uuid import UUID

import structlog

from domain.errors import DatabaseUnavailableError
from domain.store.postgres.accounts.revocations import (
    OVERLAP_SECONDS,
    Revocation,
    RevocationKind,
    list_revocations,
)
from domain.store.store import Store
from web.server.greenlets import run_blocking

logger = structlog.get_logger(__name__)

LOOK_SECONDS = 1.0
# Everything is read anew this often, which is also when ended revocations are forgotten.
FULL_LOOK_SECONDS = 600.0


class Revocations:
    """Answers from memory whether a token, a session or a user is revoked."""

    def __init__(self, store: Store):
        self._store = store
        self._jtis: frozenset[str] = frozenset()
        self._sessions: frozenset[str] = frozenset()
        self._users: dict[str, datetime] = {}
        self._known: dict[tuple[RevocationKind, str], Revocation] = {}
        self._last_look: float | None = None
        self._last_full_look = 0.0
        self._failed_at = -LOOK_SECONDS
        self._lock = threading.Lock()
        self._looking_first = threading.Lock()
        self._wake = threading.Event()
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._run, name="revocations", daemon=True)

    def start(self) -> None:
        """Start looking every second in the background."""
        self._thread.start()

    def stop(self) -> None:
        """Stop looking."""
        self._stopping.set()
        self._wake.set()

    def look_soon(self) -> None:
        """Look at once; called when another process has announced a revocation."""
        self._wake.set()

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
        if self._last_look is None:
            run_blocking(self._look_first)
        if jti in self._jtis:
            return True
        if session_id is not None and self._sessions and str(session_id) in self._sessions:
            return True
        if not self._users:
            return False
        revoked_at = self._users.get(str(user_id))
        return revoked_at is not None and (issued_at is None or issued_at <= revoked_at)

    def look(self) -> None:
        """Read what is new; raises DatabaseUnavailableError."""
        with self._lock:
            now = time.monotonic()
            # Away for longer than the overlap, something may have been missed: read everything.
            full = (
                self._last_look is None
                or now - self._last_look > OVERLAP_SECONDS / 2
                or now - self._last_full_look > FULL_LOOK_SECONDS
            )
            with self._store.write() as connection:
                found = list_revocations(connection, only_recent=not full)
            known = {} if full else self._known
            fresh = {(item.kind, item.subject): item for item in found}
            if full or not fresh.keys() <= known.keys() or self._has_later(fresh):
                self._remember({**known, **fresh})
            self._last_look = now
            if full:
                self._last_full_look = now

    def _look_first(self) -> None:
        """Look, unless somebody who was first here has just tried; raises as `look`."""
        with self._looking_first:
            if self._last_look is not None:
                return
            if time.monotonic() < self._failed_at + LOOK_SECONDS:
                raise DatabaseUnavailableError
            try:
                self.look()
            except DatabaseUnavailableError:
                self._failed_at = time.monotonic()
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

    def _run(self) -> None:
        while not self._stopping.is_set():
            try:
                self.look()
            except DatabaseUnavailableError:
                logger.warning("revocations could not be read")
            self._wake.wait(LOOK_SECONDS)
            self._wake.clear()
