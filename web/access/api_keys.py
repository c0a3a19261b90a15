"""The API keys that are valid, in memory: a request with one costs no query.

Owned by `web/access/verifier.py`. All keys are read at once, so made-up ones cost no query either;
that a key was revoked is told by the revocations, as for tokens.
"""

import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import UTC, datetime
from uuid import UUID

from domain.accounts.api_keys import hash_api_key
from domain.errors import DatabaseUnavailableError, InvalidTokenError
from domain.store.postgres.accounts.api_keys import (
    USE_INTERVAL_SECONDS,
    ApiKey,
    mark_api_keys_used,
    read_api_keys_by_hash,
)
from domain.store.store import Store
from web.http.caller import Principal
from web.server.greenlets import run_in_thread
from workers.process.background import BackgroundThread

STEP_SECONDS = 5.0
READ_SECONDS = 60.0
# A key that is not known may be a new one: then they are read again, at most this often.
READ_FOR_UNKNOWN_SECONDS = 0.1
# What was read longer ago is not trusted: the revocation of a key is only kept for a day.
MAX_AGE_SECONDS = 3600.0
EPOCH = datetime.fromtimestamp(0, UTC)
# Of a key without an end.
NEVER = datetime(9999, 1, 1, tzinfo=UTC)


class ApiKeys:
    """Answers from memory whose a key is, and stores when keys were last used; thread-safe.

    `clock` is monotonic, in seconds.
    """

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic):
        self.thread = BackgroundThread("api-keys", self.step, every_seconds=STEP_SECONDS)
        self._store = store
        self._clock = clock
        self._principals: Mapping[bytes, Principal] = {}
        self._last_read: float | None = None
        self._failed_at = -READ_FOR_UNKNOWN_SECONDS
        # When a use of each key was last noted, and the uses that are not stored yet.
        self._noted: dict[UUID, float] = {}
        self._uses: dict[UUID, datetime] = {}
        self._read_lock = threading.Lock()

    def start(self) -> None:
        """Start reading the keys and storing their uses in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop, and store the uses that were noted."""
        self.thread.stop()
        with suppress(DatabaseUnavailableError):
            self.store_uses()

    def find(self, secret: str) -> Principal:
        """Return who this key is.

        Raises InvalidTokenError for an unknown one, DatabaseUnavailableError when the keys could
        not be read for too long. Whether it has expired or was revoked is not asked here.
        """
        digest = hash_api_key(secret)
        principal = None if self._is_older_than(MAX_AGE_SECONDS) else self._principals.get(digest)
        if principal is None and self._is_older_than(READ_FOR_UNKNOWN_SECONDS):
            run_in_thread(self._read_for_unknown)
            principal = self._principals.get(digest)
        if principal is None:
            raise InvalidTokenError
        return principal

    def note_use(self, key_id: UUID) -> None:
        """Note that a key was used now; the thread stores it."""
        now, noted = self._clock(), self._noted.get(key_id)
        if noted is None or now - noted >= USE_INTERVAL_SECONDS:
            self._noted[key_id] = now
            self._uses[key_id] = datetime.now(UTC)

    def step(self) -> None:
        """Store uses, and read the keys when it is time; raises DatabaseUnavailableError."""
        self.store_uses()
        if self._is_older_than(READ_SECONDS):
            self.read()

    def read(self) -> None:
        """Read the keys; raises DatabaseUnavailableError."""
        now = self._clock()
        with self._store.write() as connection:
            found = read_api_keys_by_hash(connection)
        self._principals = {digest: _make_principal(key) for digest, key in found.items()}
        self._last_read = now

    def store_uses(self) -> None:
        """Store the uses that were noted; raises DatabaseUnavailableError, and keeps them."""
        uses = dict(self._uses)
        if not uses:
            return
        with self._store.write() as connection:
            mark_api_keys_used(connection, uses=uses)
        for key_id, used_at in uses.items():
            if self._uses.get(key_id) == used_at:
                del self._uses[key_id]

    def _is_older_than(self, seconds: float) -> bool:
        return self._last_read is None or self._clock() - self._last_read > seconds

    def _read_for_unknown(self) -> None:
        """Read, unless another request has just read or failed to; raises as `read` does."""
        with self._read_lock:
            if not self._is_older_than(READ_FOR_UNKNOWN_SECONDS):
                return
            if self._clock() - self._failed_at < READ_FOR_UNKNOWN_SECONDS:
                raise DatabaseUnavailableError
            try:
                self.read()
            except DatabaseUnavailableError:
                self._failed_at = self._clock()
                raise


def _make_principal(key: ApiKey) -> Principal:
    return Principal(
        user_id=key.key_id,
        username=None,
        roles=key.roles,
        session_id=None,
        jti=str(key.key_id),
        # Its id is no other user's, so a revocation of this user counts whatever the clocks say.
        issued_at=EPOCH,
        expires_at=key.expires_at or NEVER,
        is_api_key=True,
    )
