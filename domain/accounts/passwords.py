"""Passwords: their one form, argon2 with limited concurrency, and equal time for unknown names.

Used by `identity.py`. One hash takes tens of milliseconds and 64 MB: without the limit a burst of
logins would starve every other request.
"""

import threading
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from domain.errors import OverloadedError

MAX_CONCURRENT = 2
MAX_QUEUED = 16
MAX_WAIT_SECONDS = 1.0


def prepare_password(password: str) -> str:
    """Return the form in which passwords are compared (RFC 8265, OpaqueString): NFC, plain spaces.

    Systems type é as one character or as two, and the player cannot see which.
    """
    spaced = (
        " " if unicodedata.category(character) == "Zs" else character for character in password
    )
    return unicodedata.normalize("NFC", "".join(spaced))


class Passwords:
    """Hashes and checks passwords; raises OverloadedError when too many are in progress."""

    def __init__(self, hasher: PasswordHasher | None = None):
        self._hasher = hasher or PasswordHasher()
        self._running = threading.BoundedSemaphore(MAX_CONCURRENT)
        self._queue = threading.BoundedSemaphore(MAX_CONCURRENT + MAX_QUEUED)

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        with self._slot():
            return self._hasher.hash(prepare_password(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the stored hash; False, as slowly, without one."""
        # As it was typed too: hashes of before passwords had one form are of that.
        forms = dict.fromkeys((prepare_password(password), password))
        with self._slot():
            against = stored or self._decoy
            return any(self._verify(against, form) for form in forms) and stored is not None

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    @cached_property
    def _decoy(self) -> str:
        """A hash to check for names without one, so that the answer takes the same time."""
        return self._hasher.hash("nobody has this password")

    @contextmanager
    def _slot(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise OverloadedError
        try:
            if not self._running.acquire(timeout=MAX_WAIT_SECONDS):
                raise OverloadedError
            try:
                yield
            finally:
                self._running.release()
        finally:
            self._queue.release()
