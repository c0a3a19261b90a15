"""One-time codes by time (TOTP, RFC 6238): six digits of SHA-1, each for 30 seconds.

Pure. What authenticator apps know without being told otherwise.
"""

import hmac
import re
from base64 import b32encode
from datetime import datetime, timedelta
from math import ceil
from secrets import token_bytes

from pyotp import HOTP, TOTP

STEP_SECONDS = 30
# The clock of a phone may be so many steps off, before or after.
DRIFT_STEPS = 1
# As long as what SHA-1 makes of it (RFC 4226, section 4).
SECRET_BYTES = 20
ISSUER = "Laurel"
# Three codes of a million are right at any time: all these guesses find one in 230 days.
MAX_WRONG_CODES = 5
WRONG_CODES_FOR = timedelta(minutes=5)
_CODE = re.compile(r"[0-9]{6}", re.ASCII)


def make_secret() -> bytes:
    """Return a new random secret."""
    return token_bytes(SECRET_BYTES)


def write_secret(secret: bytes) -> str:
    """Return the secret as people type it into an app: base32."""
    return b32encode(secret).decode()


def make_uri(secret: bytes, *, username: str) -> str:
    """Return the `otpauth://` address that an app reads from a QR code."""
    return str(TOTP(write_secret(secret)).provisioning_uri(name=username, issuer_name=ISSUER))


def make_code(secret: bytes, *, step: int) -> str:
    """Return the code of a time step, counted from 1970."""
    return str(HOTP(write_secret(secret)).at(step))


def is_code(text: str) -> bool:
    """Return whether this has the form of a code."""
    return _CODE.fullmatch(text) is not None


def find_step(secret: bytes, code: str, *, now: datetime) -> int | None:
    """Return the time step of which this is the code, at most DRIFT_STEPS from `now`; else None.

    Of two steps with the same code, the later one.
    """
    middle = int(now.timestamp()) // STEP_SECONDS
    steps = range(max(0, middle - DRIFT_STEPS), middle + DRIFT_STEPS + 1)
    # All are compared: the time that it takes says nothing of which.
    found = [
        step
        for step in steps
        if hmac.compare_digest(make_code(secret, step=step).encode(), code.encode())
    ]
    return found[-1] if found else None


def find_wait_seconds(*, wrong_codes: int, wrong_since: datetime | None, now: datetime) -> int:
    """Return how long no code is looked at because so many were wrong; 0 when one is."""
    if wrong_since is None or wrong_codes < MAX_WRONG_CODES:
        return 0
    return max(0, ceil((wrong_since + WRONG_CODES_FOR - now).total_seconds()))
