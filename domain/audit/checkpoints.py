"""Checkpoints, pure: signed statements of what the log was, one each minute in which it grew.

A checkpoint is a note as C2SP tlog-checkpoint has it (https://c2sp.org/tlog-checkpoint): the log's
name, its number of entries, the root of their tree in base64, as an extension the time, an empty
line, and the signature.
"""

import re
from base64 import b64decode, b64encode
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime

from domain.audit.keys import ID_BYTES, NAME, PublicKey, SigningKey

_NOTE = re.compile(
    rf"(?P<text>{re.escape(NAME)}\n(?P<size>[1-9][0-9]{{0,18}})\n(?P<root>[A-Za-z0-9+/]{{43}}=)\n"
    r"(?P<time>[0-9T:.-]{26}Z)\n)"
    rf"\n— {re.escape(NAME)} (?P<signature>[A-Za-z0-9+/]{{91}}=)\n"
)


@dataclass(frozen=True, slots=True)
class Checkpoint:
    """What is signed: the root of the tree over the log's first `size` entries, and the time."""

    size: int
    root: bytes
    signed_at: datetime

    @property
    def text(self) -> str:
        """The lines that are signed."""
        time = self.signed_at.astimezone(UTC).isoformat(timespec="microseconds")
        return "\n".join(
            (NAME, str(self.size), b64encode(self.root).decode(), time.replace("+00:00", "Z"), "")
        )


@dataclass(frozen=True, slots=True)
class SignedCheckpoint:
    """A note that was read: whoever signed it says `checkpoint`."""

    checkpoint: Checkpoint
    key_id: bytes
    signature: bytes

    @property
    def note(self) -> str:
        """The note, in the only form in which one is written."""
        signed = b64encode(self.key_id + self.signature).decode()
        return f"{self.checkpoint.text}\n— {NAME} {signed}\n"

    def is_signed_by(self, keys: Iterable[PublicKey]) -> bool:
        """Return whether one of these keys has signed it."""
        return any(
            key.key_id == self.key_id and key.has_signed(self.checkpoint.text, self.signature)
            for key in keys
        )


@dataclass(frozen=True, slots=True)
class StoredCheckpoint:
    """A row of the database: the note, what is said twice, and the tree's full subtrees."""

    size: int
    note: str
    subtrees: bytes
    signed_at: datetime


def sign_checkpoint(checkpoint: Checkpoint, key: SigningKey) -> str:
    """Return the note."""
    signature = key.sign(checkpoint.text)
    return SignedCheckpoint(checkpoint, key.public.key_id, signature).note


def read_checkpoint(note: str) -> SignedCheckpoint | None:
    """Return what a note says, whether or not its signature holds; None when it is not one."""
    found = _NOTE.fullmatch(note)
    if found is None:
        return None
    try:
        signed_at = datetime.fromisoformat(found["time"])
    except ValueError:
        return None
    signature = b64decode(found["signature"])
    read = SignedCheckpoint(
        Checkpoint(int(found["size"]), b64decode(found["root"]), signed_at),
        signature[:ID_BYTES],
        signature[ID_BYTES:],
    )
    # The last digit of base64 has bits that say nothing: one note has one form.
    return read if read.note == note else None
