"""The keys of checkpoints, pure: Ed25519, written as C2SP signed-note writes them.

https://c2sp.org/signed-note: a public key is `<name>+<id>+<base64 of the algorithm and the key>`,
its id the beginning of a hash over name and key.
"""

import binascii
from base64 import b64decode, b64encode
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives.asymmetric.ed25519 import (
    Ed25519PrivateKey,
    Ed25519PublicKey,
)
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from domain.errors import SettingsError

# The name of the key and of the log; what tells two logs apart is their keys.
NAME = "laurel/audit-log"
ED25519 = b"\x01"
ID_BYTES = 4
KEY_BYTES = 32


@dataclass(frozen=True, slots=True)
class PublicKey:
    """Checks signatures of one key."""

    raw: bytes

    @property
    def key_id(self) -> bytes:
        """The beginning of the hash over name and key, which signatures carry."""
        return sha256(f"{NAME}\n".encode() + ED25519 + self.raw).digest()[:ID_BYTES]

    def has_signed(self, text: str, signature: bytes) -> bool:
        """Return whether the signature is this key's, of exactly this text."""
        try:
            Ed25519PublicKey.from_public_bytes(self.raw).verify(signature, text.encode())
        except (InvalidSignature, UnicodeEncodeError):
            return False
        return True

    def __str__(self) -> str:
        return f"{NAME}+{self.key_id.hex()}+{b64encode(ED25519 + self.raw).decode()}"


class SigningKey:
    """Signs checkpoints."""

    def __init__(self, key: Ed25519PrivateKey):
        self._key = key
        self.public = PublicKey(key.public_key().public_bytes_raw())

    def sign(self, text: str) -> bytes:
        """Return the signature of this text."""
        return self._key.sign(text.encode())


def read_signing_key(setting: str) -> SigningKey:
    """Return the key that AUDIT_SIGNING_KEY names: 32 bytes in base64, or a file in PEM.

    Raises SettingsError, which does not show it.
    """
    seed = _decode(setting)
    if seed is not None and len(seed) == KEY_BYTES:
        return SigningKey(Ed25519PrivateKey.from_private_bytes(seed))
    try:
        key = load_pem_private_key(Path(setting).read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise SettingsError(
            ["AUDIT_SIGNING_KEY: is neither 32 bytes in base64 nor a readable PEM file"]
        ) from error
    if not isinstance(key, Ed25519PrivateKey):
        raise SettingsError(["AUDIT_SIGNING_KEY: is not a key for Ed25519"])
    return SigningKey(key)


def read_public_key(text: str) -> PublicKey:
    """Return the public key of this text, as `str` of one gives it; raises ValueError."""
    parts = text.strip().split("+", 2)
    raw = _decode(parts[-1])
    if raw is None or raw[:1] != ED25519 or len(raw) != KEY_BYTES + 1:
        raise ValueError("not a public key")
    key = PublicKey(raw[1:])
    if str(key) != text.strip():
        raise ValueError("not a public key of an audit log")
    return key


def _decode(text: str) -> bytes | None:
    try:
        return b64decode(text, validate=True)
    except (binascii.Error, ValueError):
        return None
