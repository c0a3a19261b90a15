"""Screening: the first link. It reads what the checks need, in bulk, and stores their verdicts."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from domain.actions.model import LinkOutcome
from domain.fraud.candidate import Candidate
from domain.fraud.judging import Judge
from domain.fraud.model import Screening
from domain.fraud.policy import Policy
from domain.fraud.signals import Signals, Window
from domain.store.postgres.actions.screening import (
    ClaimedEntry,
    claim_entry,
    read_windows,
    write_verdicts,
)
from domain.store.store import Connection, Store


@dataclass(frozen=True, slots=True)
class ScreeningOutcome:
    """What the link did, and the verdicts it gave."""

    link: LinkOutcome
    screenings: tuple[Screening, ...] = ()


def screen_batch(
    store: Store, *, batch_id: UUID, policy: Policy, stalled: bool = True
) -> ScreeningOutcome:
    """Store the verdicts on the batch's actions in its row and move the batch to SCREENED.

    The actions stay pending: scoring gives them their status. Unless `stalled`, only a batch that
    the keeper has not found stalled. Raises DatabaseUnavailableError.
    """
    # Lazily: a verdict that is lost in a crash is given again, and nothing has used it yet.
    with store.lazy() as connection:
        entry = claim_entry(connection, batch_id=batch_id, stalled=stalled)
        if entry is None:
            return ScreeningOutcome(LinkOutcome.NOT_ITS_TURN)
        screenings = _screen(connection, batch_id, entry, policy)
        write_verdicts(connection, batch_id=batch_id, known=entry.verdicts, screenings=screenings)
    return ScreeningOutcome(LinkOutcome.MOVED, tuple(screenings.values()))


def _screen(
    connection: Connection, batch_id: UUID, entry: ClaimedEntry, policy: Policy
) -> dict[int, Screening]:
    """Return the verdicts by action_no."""
    by_user: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in entry.candidates:
        by_user[candidate.user_id].append(candidate)
    windows = read_windows(
        connection,
        batch_id=batch_id,
        before={user_id: actions[0].action_no for user_id, actions in by_user.items()},
        at=entry.created_at,
    )
    judge = Judge(policy)
    screenings: dict[int, Screening] = {}
    for user_id, actions in by_user.items():
        signals = Signals(windows.get(user_id) or Window())
        screened = judge.screen_user(actions, signals)
        for action, screening in zip(actions, screened, strict=True):
            screenings[action.action_no] = screening
    return screenings
