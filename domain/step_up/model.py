"""The words of step-up: what vouched for an action, and the keys that game servers sign with."""

from dataclasses import dataclass
from enum import IntEnum, StrEnum


class StepUp(IntEnum):
    """What vouched for an action, as its row has it (`step_up`); NULL there is NONE too."""

    NONE = 0
    TOTP = 1
    """A code of its player's second factor."""
    SIGNATURE = 2
    """A signature of the game server."""


class Algorithm(StrEnum):
    """How a key signs. It belongs to the key: no request may choose it."""

    HMAC_SHA256 = "hmac-sha256"
    ED25519 = "ed25519"


@dataclass(frozen=True, slots=True)
class SigningKey:
    """A key that verifies signatures: the shared secret, or the 32 bytes of the public key."""

    key_id: str
    algorithm: Algorithm
    material: bytes
