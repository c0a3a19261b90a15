"""Intake: actions become durable rows, all actions of a batch in one transaction.

Called by `web/intake/batcher.py`, which acknowledges the actions when this returns.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID, uuid4

import structlog

from domain.actions.model import NewAction
from domain.errors import DatabaseConflictError, DatabaseLockedError, DatabaseUnavailableError
from domain.store.postgres.accounts.players import ensure_players
from domain.store.postgres.actions.intake import (
    insert_actions,
    list_batch_ids,
    list_locked_players,
    lock_order_and_list_newcomers,
)
from domain.store.store import Store

logger = structlog.get_logger(__name__)

CONFLICT_TRIES = 3


@dataclass(frozen=True, slots=True)
class AcceptedBatch:
    """One committed batch and the ids of its actions."""

    batch_id: UUID
    action_ids: frozenset[UUID]


@dataclass(frozen=True, slots=True)
class IntakeOutcome:
    """The committed batches (usually one), and the ids that were not taken.

    Those of `unstorable` have data that PostgreSQL refuses; those of `locked` would have had to
    wait for another transaction, and may be sent again. An id in none of these was in use before:
    `judge_repeats` looks up the action that has it.
    """

    batches: tuple[AcceptedBatch, ...]
    unstorable: frozenset[UUID] = frozenset()
    locked: frozenset[UUID] = frozenset()


def accept_actions(
    store: Store, *, actions: Sequence[NewAction], reply_to: str | None
) -> IntakeOutcome:
    """Commit the actions, whose ids must differ, as one batch in this order.

    A batch that is refused for its data is halved until the bad action is alone, so that it does
    not take other players' actions with it; one that meets a lock goes on without those who are
    locked. Raises DatabaseUnavailableError when PostgreSQL is away: the outcome is then unknown,
    and a retry with the same ids finds it out.
    """
    batch_id = uuid4()
    try:
        accepted = _insert_batch(store, batch_id=batch_id, actions=actions, reply_to=reply_to)
    except DatabaseLockedError as error:
        return _go_on_without_locked(store, actions=actions, reply_to=reply_to, error=error)
    except DatabaseUnavailableError:
        accepted = _find_committed(store, batch_id)
        if not accepted:
            raise
    # UnstorableDataError is one; psycopg2 itself raises another for NUL and lone surrogates.
    except ValueError as error:
        return _halve(store, actions=actions, reply_to=reply_to, error=error)
    batches = (AcceptedBatch(batch_id, accepted),) if accepted else ()
    return IntakeOutcome(batches)


def _insert_batch(
    store: Store, *, batch_id: UUID, actions: Sequence[NewAction], reply_to: str | None
) -> frozenset[UUID]:
    names: dict[UUID, str | None] = {}
    for action in actions:
        names[action.user_id] = names.get(action.user_id) or action.username
    for tries_left in reversed(range(CONFLICT_TRIES)):
        try:
            with store.intake() as connection:
                newcomers = lock_order_and_list_newcomers(connection, user_ids=list(names))
                ensure_players(connection, claimed_names={user: names[user] for user in newcomers})
                return insert_actions(
                    connection, batch_id=batch_id, reply_to=reply_to, actions=actions
                )
        except DatabaseConflictError:
            # Two intakes whose new players claim each other's names deadlock; one is undone.
            if not tries_left:
                raise
    raise AssertionError("the last try returns or raises")


def _find_committed(store: Store, batch_id: UUID) -> frozenset[UUID]:
    """Return the ids of a batch that was committed although the connection failed."""
    try:
        with store.write() as connection:
            return list_batch_ids(connection, batch_id=batch_id)
    except DatabaseUnavailableError:
        return frozenset()


def _go_on_without_locked(
    store: Store, *, actions: Sequence[NewAction], reply_to: str | None, error: Exception
) -> IntakeOutcome:
    """Take the actions of players who are not locked; halve when no player is known to be."""
    locked = _list_locked(store, actions)
    if not locked:
        return _halve(store, actions=actions, reply_to=reply_to, error=error)
    others = [action for action in actions if action.user_id not in locked]
    stuck = [action for action in actions if action.user_id in locked]
    outcome = IntakeOutcome((), locked=frozenset(action.action_id for action in stuck))
    if not others:
        return outcome
    taken = accept_actions(store, actions=others, reply_to=reply_to)
    # The lock of another intake, which is at work for some milliseconds, is free by now.
    locked = _list_locked(store, stuck)
    freed = [action for action in stuck if action.user_id not in locked]
    if freed:
        rest = frozenset(action.action_id for action in stuck if action.user_id in locked)
        later = accept_actions(store, actions=freed, reply_to=reply_to)
        outcome = _join(later, IntakeOutcome((), locked=rest))
    return _join(taken, outcome)


def _list_locked(store: Store, actions: Sequence[NewAction]) -> frozenset[UUID]:
    with store.intake() as connection:
        return list_locked_players(
            connection, user_ids=list(dict.fromkeys(action.user_id for action in actions))
        )


def _halve(
    store: Store, *, actions: Sequence[NewAction], reply_to: str | None, error: Exception
) -> IntakeOutcome:
    if len(actions) == 1:
        alone = frozenset({actions[0].action_id})
        logger.warning(
            "action refused by the database",
            action_id=str(actions[0].action_id),
            request_id=actions[0].request_id,
            error=type(error.__cause__ or error).__name__,
        )
        if isinstance(error, DatabaseLockedError):
            return IntakeOutcome((), locked=alone)
        return IntakeOutcome((), unstorable=alone)
    middle = len(actions) // 2
    return _join(
        accept_actions(store, actions=actions[:middle], reply_to=reply_to),
        accept_actions(store, actions=actions[middle:], reply_to=reply_to),
    )


def _join(first: IntakeOutcome, second: IntakeOutcome) -> IntakeOutcome:
    return IntakeOutcome(
        first.batches + second.batches,
        first.unstorable | second.unstorable,
        first.locked | second.locked,
    )
