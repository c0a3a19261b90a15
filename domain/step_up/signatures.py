"""Signatures over a request: who sends what, where and when, in one canonical text.

Pure. Called by `web/access/step_up.py`; docs/api.md has the text and examples for game servers.
"""

import binascii
import hmac
import re
from hashlib import sha256
from typing import NamedTuple
from uuid import UUID

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

from domain.errors import SignatureInvalidError
from domain.step_up.model import Algorithm, SigningKey

WINDOW_SECONDS = 300
"""How far a signature's timestamp may be from our clock, before or after."""
SCHEME = "laurel-v1"
MAX_HEADER_CHARS = 512
_NAMES = ("keyId", "timestamp", "signature")
_KEY_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}", re.ASCII)
_TIMESTAMP = re.compile(r"[1-9][0-9]{0,11}", re.ASCII)


class Signature(NamedTuple):
    """What a request's header says: the key, the moment in seconds of the epoch, the bytes."""

    key_id: str
    timestamp: int
    value: bytes


def is_key_id(text: str) -> bool:
    """Return whether this may name a key: 1 to 64 letters, digits, `.`, `_` and `-`."""
    return _KEY_ID.fullmatch(text) is not None


def read_signature(header: str) -> Signature:
    """Return the signature in `keyId=…,timestamp=…,signature=…`; raises SignatureInvalidError.

    The three may come in any order, each once; nothing else may be there.
    """
    if len(header) > MAX_HEADER_CHARS:
        raise SignatureInvalidError("The signature is too long")
    pairs = [part.strip().partition("=") for part in header.split(",")]
    fields = {name: value for name, _, value in pairs}
    if len(pairs) != len(_NAMES) or fields.keys() != set(_NAMES):
        raise SignatureInvalidError(
            "The signature must be keyId=…,timestamp=…,signature=…, each once"
        )
    if not is_key_id(fields["keyId"]):
        raise SignatureInvalidError("The signature's keyId is not the name of a key")
    if not _TIMESTAMP.fullmatch(fields["timestamp"]):
        raise SignatureInvalidError("The signature's timestamp is not in seconds of the epoch")
    try:
        value = binascii.a2b_base64(fields["signature"], strict_mode=True)
    except ValueError as error:
        raise SignatureInvalidError("The signature is not in base64") from error
    return Signature(fields["keyId"], int(fields["timestamp"]), value)


def make_signed_text(
    *, timestamp: int, method: str, path: str, user_id: UUID, body: bytes
) -> bytes:
    """Return the canonical text, six lines without an end of line after the last.

    `user_id` is the holder of the token or API key that the request is sent with: a signature is of
    no use with another's. `body` is exactly what is sent; `path` has no query.
    """
    digest = sha256(body).hexdigest()
    return f"{SCHEME}\n{timestamp}\n{method}\n{path}\n{user_id}\n{digest}".encode()


def check_signature(
    signature: Signature, *, key: SigningKey | None, signed: bytes, now: float
) -> None:
    """Raise SignatureInvalidError unless the key has signed this text, within the window of `now`.

    `now` is in seconds of the epoch.
    """
    if key is None:
        raise SignatureInvalidError("The signature's key is not known, or was revoked")
    if abs(now - signature.timestamp) > WINDOW_SECONDS:
        raise SignatureInvalidError(
            "The signature's timestamp is too far from our clock; sign the request again"
        )
    if not _is_of(signature.value, key, signed):
        raise SignatureInvalidError(
            "The signature does not match this key, timestamp, path, caller and body"
        )


def _is_of(value: bytes, key: SigningKey, signed: bytes) -> bool:
    if key.algorithm is Algorithm.HMAC_SHA256:
        return hmac.compare_digest(hmac.digest(key.material, signed, "sha256"), value)
    try:
        Ed25519PublicKey.from_public_bytes(key.material).verify(value, signed)
    except InvalidSignature:
        return False
    return True
