"""The words of an archive: its parts, their tally, the manifest, and the result of one step."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Any
from uuid import UUID

import orjson

FORMAT = "laurel.actions.v1"


class ArchiveStep(StrEnum):
    """What one step did; only EXPORTED and DROPPED leave a lasting change."""

    OFF = "off"
    """Retention is 0: nothing is ever archived."""
    BUSY = "busy"
    """Another process is archiving."""
    NOTHING_OLD = "nothing_old"
    EXPORTED = "exported"
    """Rows were written to files; the partition still exists."""
    DROPPED = "dropped"
    """The partition is gone and its totals are kept."""
    BLOCKED = "blocked"
    """The month has an action that is not final, and is kept."""
    CHANGED = "changed"
    """A row was changed since its export: the export begins again."""
    LOCKED_OUT = "locked_out"
    """The table lock was not free in time; the next step tries again."""


@dataclass(frozen=True, slots=True)
class ArchiveOutcome:
    """What one step did, to which partition, with how many rows."""

    step: ArchiveStep
    partition: str | None = None
    rows: int = 0


@dataclass(frozen=True, slots=True)
class Tally:
    """The sums over some actions. `versions` grows with every change of a row."""

    rows: int = 0
    versions: int = 0
    applied_actions: int = 0
    applied_score: int = 0

    def __add__(self, other: "Tally") -> "Tally":
        return Tally(
            self.rows + other.rows,
            self.versions + other.versions,
            self.applied_actions + other.applied_actions,
            self.applied_score + other.applied_score,
        )


def tally_all(tallies: Iterable[Tally]) -> Tally:
    """Return the sum of the tallies."""
    return sum(tallies, start=Tally())


@dataclass(frozen=True, slots=True)
class ArchivePart:
    """One compressed file of NDJSON, its actions in order of player and number."""

    file_name: str
    sha256: str
    size_bytes: int
    last_action_id: UUID
    tally: Tally


@dataclass(frozen=True, slots=True)
class Manifest:
    """The archive of one partition, `complete` when every row is in a part.

    `blocked_by` is an action that was not final when the export reached it.
    """

    partition: str
    from_at: datetime
    until_at: datetime
    parts: tuple[ArchivePart, ...] = ()
    complete: bool = False
    blocked_by: UUID | None = None

    @property
    def tally(self) -> Tally:
        """The sum over all parts."""
        return tally_all(part.tally for part in self.parts)


def encode_manifest(manifest: Manifest) -> bytes:
    """Return the manifest as JSON: the same archive always gives the same bytes."""
    wire = {
        "format": FORMAT,
        "partition": manifest.partition,
        "from": manifest.from_at.isoformat(),
        "until": manifest.until_at.isoformat(),
        "complete": manifest.complete,
        "blockedBy": None if manifest.blocked_by is None else str(manifest.blocked_by),
        "total": _encode_tally(manifest.tally),
        "parts": [
            {
                "file": part.file_name,
                "sha256": part.sha256,
                "bytes": part.size_bytes,
                "lastActionId": str(part.last_action_id),
                **_encode_tally(part.tally),
            }
            for part in manifest.parts
        ],
    }
    return orjson.dumps(wire, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def decode_manifest(raw: bytes) -> Manifest:
    """Return the manifest in `raw`. Raises ValueError when it is not a manifest of ours."""
    try:
        wire = orjson.loads(raw)
        if wire["format"] != FORMAT:
            raise ValueError(f"unknown format {wire['format']!r}")
        return Manifest(
            partition=wire["partition"],
            from_at=datetime.fromisoformat(wire["from"]),
            until_at=datetime.fromisoformat(wire["until"]),
            parts=tuple(_decode_part(part) for part in wire["parts"]),
            complete=wire["complete"],
            blocked_by=UUID(wire["blockedBy"]) if wire["blockedBy"] else None,
        )
    except (KeyError, TypeError) as error:
        raise ValueError("not a manifest") from error


def _encode_tally(tally: Tally) -> dict[str, int]:
    return {
        "rows": tally.rows,
        "versions": tally.versions,
        "appliedActions": tally.applied_actions,
        "appliedScore": tally.applied_score,
    }


def _decode_part(wire: Mapping[str, Any]) -> ArchivePart:
    return ArchivePart(
        file_name=wire["file"],
        sha256=wire["sha256"],
        size_bytes=wire["bytes"],
        last_action_id=UUID(wire["lastActionId"]),
        tally=Tally(wire["rows"], wire["versions"], wire["appliedActions"], wire["appliedScore"]),
    )
