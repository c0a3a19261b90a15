"""The words of moderation: what a moderator can do, and the bounds of the texts that go with it."""

import unicodedata
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

MAX_REASON_CHARS = 1000
_LINE_BREAKS = frozenset("\n\t")


def find_words_problem(text: str) -> str | None:
    """Return what is wrong with words that a person writes, or None.

    They are not blank, and have no control characters but line breaks and tabs.
    """
    if not text.strip():
        return "Must not be blank."
    if any(unicodedata.category(each) in ("Cc", "Cs") for each in set(text) - _LINE_BREAKS):
        return "Has a control character."
    return None


class CaseState(StrEnum):
    """Whether there is something to decide."""

    OPEN = "open"
    CLOSED = "closed"


class AppealState(StrEnum):
    """What became of an appeal."""

    OPEN = "open"
    GRANTED = "granted"
    DECLINED = "declined"


class ActKind(StrEnum):
    """What a moderator did."""

    RELEASE = "release"
    REJECT = "reject"
    RETRY = "retry"
    VOID = "void"
    RESTORE = "restore"
    HOLD = "hold"
    CLAIM = "claim"
    UNCLAIM = "unclaim"
    CLOSE = "close"
    BAN = "ban"
    UNBAN = "unban"
    SNOOZE = "snooze"
    UNSNOOZE = "unsnooze"
    POLICY = "policy"
    MODEL = "model"


class BanReason(StrEnum):
    """Why a player is banned, as the player and everybody's programs are told."""

    CHEATING = "CHEATING"
    EXPLOITING = "EXPLOITING"
    ABUSE = "ABUSE"
    OTHER = "OTHER"


@dataclass(frozen=True, slots=True)
class Ban:
    """A ban that runs, until a time or, without one, for good; `note` is not for the player.

    Of the rankings `rankings` it has taken the player's rows.
    """

    ban_no: int
    user_id: UUID
    reason: BanReason
    note: str
    by: str
    from_at: datetime
    until_at: datetime | None
    rankings: tuple[int, ...] = ()
