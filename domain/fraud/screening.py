"""Screening: the first link. It reads what the checks need, in bulk, and stores their verdicts."""

from collections import defaultdict
from dataclasses import dataclass
from uuid import UUID

from domain.actions.chain import SCREEN
from domain.actions.model import LinkOutcome
from domain.fraud.checks import screen_user
from domain.fraud.model import Screening
from domain.fraud.policy import Policy
from domain.fraud.signals import Candidate, Window
from domain.store.postgres.actions.batches import claim_batch
from domain.store.postgres.actions.screening import insert_screenings, list_candidates, read_windows
from domain.store.store import Connection, Store


@dataclass(frozen=True, slots=True)
class ScreeningOutcome:
    """What the link did, and the verdicts it gave."""

    link: LinkOutcome
    screenings: tuple[Screening, ...] = ()


def screen_batch(store: Store, *, batch_id: UUID, policy: Policy) -> ScreeningOutcome:
    """Store one verdict for each pending action of the batch and move the batch to SCREENED.

    The actions stay pending: scoring gives them their status. Raises DatabaseUnavailableError.
    """
    # Lazily: a verdict that is lost in a crash is given again, and nothing has used it yet.
    with store.lazy() as connection:
        batch = claim_batch(connection, batch_id=batch_id, link=SCREEN)
        if batch is None:
            return ScreeningOutcome(LinkOutcome.NOT_ITS_TURN)
        candidates = list_candidates(connection, batch_id=batch_id, created_at=batch.created_at)
        screenings = _screen(connection, candidates, policy)
        insert_screenings(connection, created_at=batch.created_at, screenings=screenings)
    return ScreeningOutcome(LinkOutcome.MOVED, tuple(screenings))


def _screen(connection: Connection, candidates: list[Candidate], policy: Policy) -> list[Screening]:
    if not candidates:
        return []
    by_user: defaultdict[str, list[Candidate]] = defaultdict(list)
    for candidate in candidates:
        by_user[candidate.user_id].append(candidate)
    windows = read_windows(
        connection,
        before={user_id: actions[0].action_no for user_id, actions in by_user.items()},
        at=candidates[0].created_at,
    )
    screenings: list[Screening] = []
    for user_id, actions in by_user.items():
        screenings += screen_user(actions, windows.get(user_id, Window()), policy)
    return screenings
