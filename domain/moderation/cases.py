"""Cases: what is to be decided of one player, listed, claimed and closed by moderators.

Called by the routes of moderation. *score* opens them, decisions close them.
"""

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import CaseClosedError, CaseUndecidedError, NotFoundError
from domain.moderation.acts import record_act
from domain.moderation.claims import CLAIM, require_stranger, require_unclaimed
from domain.moderation.model import ActKind, AppealState, CaseState
from domain.store.postgres.moderation.act_lists import ActRow, list_acts_of_case
from domain.store.postgres.moderation.appeals import AppealRow, decide_appeals, list_appeals
from domain.store.postgres.moderation.case_lists import (
    CaseFilter,
    CasePlace,
    CaseRow,
    HeldRow,
    find_case,
    list_held_of,
)
from domain.store.postgres.moderation.case_lists import list_cases as list_case_rows
from domain.store.postgres.moderation.cases import (
    LockedCase,
    close,
    has_held_actions,
    lock_case,
    write_claim,
)
from domain.store.store import Connection, Store

MOST_SHOWN = 200


@dataclass(frozen=True, slots=True)
class CaseDetails:
    """A case with what a moderator decides by; of each list at most MOST_SHOWN."""

    case: CaseRow
    held: list[HeldRow]
    appeals: list[AppealRow]
    acts: list[ActRow]


def list_cases(
    store: Store,
    *,
    state: CaseState,
    user_id: UUID | None,
    reason: str | None,
    claimed: str | None,
    by: str,
    after: CasePlace | None,
    limit: int,
    now: datetime,
) -> tuple[list[CaseRow], CasePlace | None]:
    """Return a page of cases, newest signal first, and where the next page begins or None.

    `claimed` is `mine`, `others`, `none` or None for all. Raises DatabaseUnavailableError.
    """
    wanted = CaseFilter(state, user_id, reason, claimed, by, now - CLAIM)
    with store.write() as connection:
        rows = list_case_rows(connection, wanted=wanted, after=after, limit=limit + 1)
    page = rows[:limit]
    last = page[-1] if len(rows) > limit else None
    return page, None if last is None else (last.last_signal_at, last.case_id)


def get_case(store: Store, *, case_id: UUID) -> CaseDetails:
    """Return a case with its held actions. Raises NotFoundError and DatabaseUnavailableError."""
    with store.write() as connection:
        case = find_case(connection, case_id=case_id)
        if case is None:
            raise NotFoundError("There is no such case")
        is_open = case.state == CaseState.OPEN
        held = list_held_of(connection, user_id=case.user_id, limit=MOST_SHOWN) if is_open else []
        appeals = list_appeals(connection, user_id=case.user_id, limit=MOST_SHOWN)
        acts = list_acts_of_case(
            connection, user_id=case.user_id, case_id=case_id, limit=MOST_SHOWN
        )
    return CaseDetails(case, held, appeals, acts)


def claim_case(store: Store, *, case_id: UUID, by: str, now: datetime) -> datetime:
    """Claim a case for half an hour, or renew one's own claim; return when it ends.

    Of two claims at once one is taken. Raises NotFoundError, CaseClosedError, CaseClaimedError,
    ForbiddenError for the moderator's own case, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        case = _lock_open(connection, case_id)
        require_stranger(by, case.user_id)
        require_unclaimed(case, by=by, now=now)
        write_claim(connection, case_id=case_id, by=by, at=now)
        if not _is_claimed_by(case, by, now):
            _record(connection, ActKind.CLAIM, case, by)
    return now + CLAIM


def end_claim(store: Store, *, case_id: UUID, by: str, now: datetime) -> None:
    """End one's own claim; nothing happens when there is none.

    Raises NotFoundError, CaseClaimedError for another's, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        case = lock_case(connection, case_id=case_id)
        if case is None:
            raise NotFoundError("There is no such case")
        require_unclaimed(case, by=by, now=now)
        if _is_claimed_by(case, by, now):
            write_claim(connection, case_id=case_id, by=None, at=None)
            _record(connection, ActKind.UNCLAIM, case, by)


def close_case(store: Store, *, case_id: UUID, by: str, reason: str, now: datetime) -> None:
    """Close a case in which nothing is held; open appeals are declined.

    Raises NotFoundError, CaseClosedError, CaseUndecidedError, CaseClaimedError, ForbiddenError for
    the moderator's own case, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        case = _lock_open(connection, case_id)
        require_stranger(by, case.user_id)
        require_unclaimed(case, by=by, now=now)
        if has_held_actions(connection, user_id=case.user_id):
            raise CaseUndecidedError
        decide_appeals(connection, state=AppealState.DECLINED, user_id=case.user_id)
        close(connection, case_id=case_id)
        _record(connection, ActKind.CLOSE, case, by, reason)


def _lock_open(connection: Connection, case_id: UUID) -> LockedCase:
    case = lock_case(connection, case_id=case_id)
    if case is None:
        raise NotFoundError("There is no such case")
    if case.state != CaseState.OPEN:
        raise CaseClosedError
    return case


def _is_claimed_by(case: LockedCase, by: str, now: datetime) -> bool:
    return case.claimed_by == by and case.claimed_at is not None and case.claimed_at + CLAIM > now


def _record(
    connection: Connection, kind: ActKind, case: LockedCase, by: str, reason: str = ""
) -> None:
    record_act(
        connection, kind=kind, by=by, user_id=case.user_id, case_id=case.case_id, reason=reason
    )
