"""The keys that game servers sign with, in memory: a signature costs at most one query a second.

Owned by `web/access/step_up.py`. No thread reads them: most systems have none, and a read takes a
millisecond.
"""

import threading
import time
from collections.abc import Callable, Mapping

from domain.errors import SecretUnreadableError
from domain.step_up.cipher import SecretCipher
from domain.step_up.model import SigningKey
from domain.step_up.signing_keys import read_signing_keys
from domain.store.store import Store
from web.server.greenlets import run_in_thread

# How long a revoked key may still be taken.
MAX_AGE_SECONDS = 1.0
# A key that is not known may be a new one: then they are read again, at most this often.
READ_FOR_UNKNOWN_SECONDS = 0.1


class SigningKeys:
    """Answers which key has a name, by what was read within the last second; thread-safe.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self, store: Store, cipher: SecretCipher, clock: Callable[[], float] = time.monotonic
    ):
        self._store = store
        self._cipher = cipher
        self._clock = clock
        self._keys: Mapping[str, SigningKey | None] = {}
        self._last_read: float | None = None
        self._read_lock = threading.Lock()

    def find(self, key_id: str) -> SigningKey | None:
        """Return the key, or None for an unknown or revoked one.

        Raises DatabaseUnavailableError when the keys cannot be read, and SecretUnreadableError for
        a key that cannot be decrypted.
        """
        max_age_seconds = MAX_AGE_SECONDS if key_id in self._keys else READ_FOR_UNKNOWN_SECONDS
        if self._is_older_than(max_age_seconds):
            run_in_thread(lambda: self._read(max_age_seconds))
        keys = self._keys
        if key_id not in keys:
            return None
        key = keys[key_id]
        if key is None:
            raise SecretUnreadableError
        return key

    def _is_older_than(self, seconds: float) -> bool:
        return self._last_read is None or self._clock() - self._last_read > seconds

    def _read(self, max_age_seconds: float) -> None:
        """Read, unless another request has just done so."""
        with self._read_lock:
            if self._is_older_than(max_age_seconds):
                now = self._clock()
                self._keys = read_signing_keys(self._store, self._cipher)
                self._last_read = now
