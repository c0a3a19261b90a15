"""The key set of another identity provider (JWT_JWKS), kept in memory and read again as it rotates.

Owned by `web/access/tokens.py`. While the file or address cannot be read, the keys of the last time
stay.
"""

import threading
import time
from collections.abc import Callable, Sequence

import structlog

from domain.errors import InvalidTokenError, OverloadedError, TransientError
from web.access.jwks import KeySetError, PublicKey, VerificationKey, is_url, load_key_set
from web.server.greenlets import run_in_thread
from workers.process.background import BackgroundThread

logger = structlog.get_logger(__name__)

STEP_SECONDS = 10.0
# How old the keys of an address may be; a file is read with every step.
REFRESH_SECONDS = 300.0
# A token with an unknown `kid` may have a new key: then they are read, at most this often.
READ_FOR_UNKNOWN_SECONDS = 10.0
# Requests that may wait for that: tokens that somebody made up must not take all threads.
MAX_WAITING = 8


class KeySet:
    """The keys of one source; thread-safe. `clock` is monotonic, in seconds.

    `generation` changes when a key was taken away or replaced: what was verified before may not be
    valid any more.
    """

    def __init__(self, source: str, clock: Callable[[], float] = time.monotonic):
        self.thread = BackgroundThread("key-set", self.step, every_seconds=STEP_SECONDS)
        self.generation = 0
        self._source = source
        self._clock = clock
        self._refresh_seconds = REFRESH_SECONDS if is_url(source) else STEP_SECONDS / 2
        self._keys: tuple[VerificationKey, ...] = ()
        self._created_at = clock()
        self._read_at: float | None = None
        self._tried_at = -READ_FOR_UNKNOWN_SECONDS
        self._is_failing = False
        self._lock = threading.Lock()
        self._waiting = threading.BoundedSemaphore(MAX_WAITING)

    @property
    def age_seconds(self) -> float:
        """Seconds since the keys were last read, or since this object was made."""
        return self._clock() - (self._created_at if self._read_at is None else self._read_at)

    def start(self) -> None:
        """Start reading in the background."""
        self.thread.start()

    def stop(self) -> None:
        """Stop reading."""
        self.thread.stop()

    def find(self, algorithm: str, key_id: str | None) -> PublicKey:
        """Return the key with this id for this algorithm; without an id, the only one for it.

        Raises InvalidTokenError when there is none, TransientError when the keys could not be read
        even once, OverloadedError when too many ask for unknown ones.
        """
        key = self._find(algorithm, key_id)
        if key is None and self._may_read():
            run_in_thread(self._read_for_unknown)
            key = self._find(algorithm, key_id)
        if key is not None:
            return key
        if self._read_at is None:
            raise TransientError("The keys of the identity provider cannot be read right now")
        raise InvalidTokenError

    def step(self) -> None:
        """Read the keys when they are old or could not be read; raises TransientError."""
        with self._lock:
            if self._read_at is None or self._is_failing or self._is_old():
                self._read()

    def _find(self, algorithm: str, key_id: str | None) -> PublicKey | None:
        found = [
            key.key
            for key in self._keys
            if key.algorithm == algorithm and (key_id is None or key.key_id == key_id)
        ]
        return found[0] if len(found) == 1 else None

    def _is_old(self) -> bool:
        return self.age_seconds >= self._refresh_seconds

    def _may_read(self) -> bool:
        """Return whether the keys may be read for an unknown one, or are being read now."""
        return self._lock.locked() or self._clock() - self._tried_at >= READ_FOR_UNKNOWN_SECONDS

    def _read_for_unknown(self) -> None:
        """Read, or wait for the one that reads; a failure leaves the keys as they are."""
        if not self._waiting.acquire(blocking=False):
            raise OverloadedError
        try:
            with self._lock:
                if self._clock() - self._tried_at >= READ_FOR_UNKNOWN_SECONDS:
                    self._read()
        except TransientError:
            return
        finally:
            self._waiting.release()

    def _read(self) -> None:
        self._tried_at = self._clock()
        try:
            keys = load_key_set(self._source)
        except KeySetError as error:
            if not self._is_failing:
                logger.warning("JWT_JWKS not read, its last keys stay", reason=str(error))
            self._is_failing = True
            raise TransientError from error
        self._is_failing = False
        self._take(keys)
        self._read_at = self._clock()

    def _take(self, keys: tuple[VerificationKey, ...]) -> None:
        before, after = _fingerprints(self._keys), _fingerprints(keys)
        self._keys = keys
        if before != after:
            logger.info("JWT_JWKS read", keys=len(keys))
        if not before <= after:
            self.generation += 1


def _fingerprints(keys: Sequence[VerificationKey]) -> set[tuple[str | None, str, bytes]]:
    return {(key.key_id, key.algorithm, key.fingerprint) for key in keys}
