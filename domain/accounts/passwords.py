"""Passwords: argon2 with a bound on how many run at once, and the same time for unknown names.

Used by `identity.py`. One hash takes tens of milliseconds and 64 MB: without the bound a burst of
logins would starve every other request.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from domain.errors import OverloadedError

AT_ONCE = 2
WAITING = 16
WAIT_SECONDS = 1.0


class Passwords:
    """Hashes and checks passwords; raises OverloadedError when too many are at it."""

    def __init__(self, hasher: PasswordHasher | None = None):
        self._hasher = hasher or PasswordHasher()
        self._turns = threading.BoundedSemaphore(AT_ONCE)
        self._queue = threading.BoundedSemaphore(AT_ONCE + WAITING)

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        with self._turn():
            return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Return whether the password is the stored one; nobody's when nothing is stored."""
        with self._turn():
            decoy = self._decoy
            try:
                self._hasher.verify(stored or decoy, password)
            except (VerifyMismatchError, InvalidHashError):
                return False
        return stored is not None

    @cached_property
    def _decoy(self) -> str:
        """The hash that is checked for names without one, so that the answer takes as long."""
        return self._hasher.hash("nobody has this password")

    @contextmanager
    def _turn(self) -> Iterator[None]:
        if not self._queue.acquire(blocking=False):
            raise OverloadedError
        try:
            if not self._turns.acquire(timeout=WAIT_SECONDS):
                raise OverloadedError
            try:
                yield
            finally:
                self._turns.release()
        finally:
            self._queue.release()
