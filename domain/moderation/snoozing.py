"""Snoozes: one check does not count for one player until a time; *screen* looks at them.

Called by the routes of moderation.
"""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from uuid import UUID

from domain.errors import InvalidPayloadError, NotFoundError
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.moderation.acts import record_act
from domain.moderation.claims import require_stranger
from domain.moderation.model import ActKind
from domain.store.postgres.moderation.players import find_player
from domain.store.postgres.moderation.snoozes import delete_snooze, write_snooze
from domain.store.store import Store

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def snooze_check(
    store: Store, *, user_id: UUID, check: str, until: datetime, by: str, reason: str
) -> None:
    """Snooze a check for a player; a later call changes the time.

    Raises InvalidPayloadError for a name that is no check's, NotFoundError for an unknown player,
    ForbiddenError for the moderator's own account, and DatabaseUnavailableError.
    """
    if check not in CHECKS_BY_NAME:
        raise InvalidPayloadError(
            details={"fields": {"check": [f"Not a check. There are {', '.join(CHECKS_BY_NAME)}."]}}
        )
    require_stranger(by, user_id)
    with store.write() as connection:
        if find_player(connection, user_id=user_id) is None:
            raise NotFoundError("There is no such user")
        write_snooze(
            connection, user_id=user_id, check=check, until_us=(until - _EPOCH) // _MICROSECOND
        )
        record_act(
            connection,
            kind=ActKind.SNOOZE,
            by=by,
            user_id=user_id,
            reason=reason,
            details={"check": check, "until": until.isoformat()},
        )


def end_snooze(store: Store, *, user_id: UUID, check: str, by: str) -> None:
    """End a snooze before its time; one that is over is taken away too.

    Raises NotFoundError when there is none, ForbiddenError for the moderator's own account, and
    DatabaseUnavailableError.
    """
    require_stranger(by, user_id)
    with store.write() as connection:
        if check not in CHECKS_BY_NAME or not delete_snooze(
            connection, user_id=user_id, check=check
        ):
            raise NotFoundError("This check is not snoozed for the player")
        record_act(
            connection,
            kind=ActKind.UNSNOOZE,
            by=by,
            user_id=user_id,
            reason="",
            details={"check": check},
        )


def list_running(snoozed: Mapping[str, int], *, now: datetime) -> dict[str, datetime]:
    """Return by check until when it is snoozed, without those that are over."""
    ends = {check: _EPOCH + until * _MICROSECOND for check, until in snoozed.items()}
    return {check: until for check, until in ends.items() if until > now}
