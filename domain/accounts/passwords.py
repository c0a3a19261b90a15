"""Passwords: their one form, argon2, and equal time for unknown names.

Used by `identity.py`. One hash takes some 50 ms of a CPU and 46 MB: its caller bounds how many run
at once (`web/access/turns.py`), or a burst of logins would starve every other request.
"""

import unicodedata
from functools import cached_property

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerifyMismatchError

from domain.errors import InvalidCredentialsError

# The strongest parameters of the OWASP Password Storage Cheat Sheet that use one thread: those of
# RFC 9106 take four times as long, and each login would use every CPU.
MEMORY_KIB = 46 * 1024
PASSES = 1
THREADS = 1


def prepare_password(password: str) -> str:
    """Return the form in which passwords are compared (RFC 8265, OpaqueString): NFC, plain spaces.

    Systems type é as one character or as two, and the player cannot see which.
    """
    spaced = (
        " " if unicodedata.category(character) == "Zs" else character for character in password
    )
    return unicodedata.normalize("NFC", "".join(spaced))


class Passwords:
    """Hashes and checks passwords."""

    def __init__(self, hasher: PasswordHasher | None = None):
        self._hasher = hasher or PasswordHasher(
            time_cost=PASSES, memory_cost=MEMORY_KIB, parallelism=THREADS
        )

    def hash(self, password: str) -> str:
        """Return the hash to store."""
        return self._hasher.hash(prepare_password(password))

    def matches(self, stored: str | None, password: str) -> bool:
        """Return whether the password matches the stored hash; False, as slowly, without one."""
        # As it was typed too: hashes of before passwords had one form are of that.
        forms = dict.fromkeys((prepare_password(password), password))
        against = stored or self._decoy
        return any(self._verify(against, form) for form in forms) and stored is not None

    def require(self, stored: str | None, password: str | None) -> None:
        """Raise InvalidCredentialsError unless this is the account's password, or it has none."""
        if stored is not None and not self.matches(stored, password or ""):
            raise InvalidCredentialsError

    def _verify(self, stored: str, password: str) -> bool:
        try:
            return self._hasher.verify(stored, password)
        except (VerifyMismatchError, InvalidHashError):
            return False

    @cached_property
    def _decoy(self) -> str:
        """A hash to check for names without one, so that the answer takes the same time."""
        return self._hasher.hash("nobody has this password")
