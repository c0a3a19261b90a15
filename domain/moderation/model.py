"""The words of moderation: what a moderator can do, and the bounds of the texts that go with it."""

from enum import StrEnum

MAX_REASON_CHARS = 1000


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
