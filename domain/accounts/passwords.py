"""Passwords: argon2, and equal time for unknown names.

Used by `identity.py`. One hash takes some 50 ms of a CPU and 46 MB: its caller bounds how many run
at once (`web/access/turns.py`), or a burst of logins would starve every other request.
"""

from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

# The strongest parameters of the OWASP Password Storage Cheat Sheet that use one thread: those of
# RFC 9106 take four times as long, and each login would use every CPU.
MEMORY_KIB = 46 * 1024
PASSES = 1
THREADS = 1


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, hasher: PasswordHasher | None = None):
        self._hasher = hasher or PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=THREADS
        )

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        return self._hasher.hash(password)

    def matches(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the stored hash; False, as slowly, without one."""
        decoy = self._decoy
        try:
            self._hasher.verify(stored or decoy, password)
        except (VerifyMismatchError, InvalidHashError):
            return False
        return stored is not None

    @cached_property
    def _decoy(self) -> str:
        """A hash to check for names without one, so that the answer takes the same time."""
        return self._hasher.hash("nobody has this password")
