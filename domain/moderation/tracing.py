"""Traces: why an action is what it is, from its checks to the entries of the audit log.

Called by the routes of moderation.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple
from uuid import UUID

from domain.errors import NotFoundError
from domain.fraud.checks.table import CHECKS_BY_NAME
from domain.moderation.acts import BATCHES
from domain.store.postgres.moderation.act_lists import ActRow, list_acts_on_action
from domain.store.postgres.moderation.appeals import AppealRow, find_appeal
from domain.store.postgres.moderation.traces import (
    RecordedTransition,
    TracedAction,
    find_traced,
    list_transitions,
)
from domain.store.store import Store

MOST_ACTS = 200
# Written by decisions, beside what the checks have found.
_DECIDED = "review"


class CheckOutcome(NamedTuple):
    """What a check made of an action: `pass`, `found`, or `off` when the policy is without it."""

    name: str
    outcome: str
    found: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Trace:
    """An action with every check's outcome, what was decided, and where the log has it."""

    action: TracedAction
    checks: Sequence[CheckOutcome]
    acts: Sequence[ActRow]
    appeal: AppealRow | None
    transitions: Sequence[RecordedTransition]


def trace_action(store: Store, *, action_id: UUID) -> Trace:
    """Return the trace of an action; of an archived one what the database still has.

    Raises NotFoundError for an id that was never accepted, and DatabaseUnavailableError.
    """
    with store.write() as connection:
        action = find_traced(connection, action_id=action_id)
        if action is None:
            raise NotFoundError("There is no such action")
        acts = list_acts_on_action(connection, action_id=action_id, limit=MOST_ACTS)
        return Trace(
            action=action,
            checks=list_outcomes(action),
            acts=acts,
            appeal=find_appeal(connection, action_id=action_id),
            transitions=list_transitions(
                connection, action_id=action_id, batch_ids=_list_batches(action, acts)
            ),
        )


def list_outcomes(action: TracedAction) -> list[CheckOutcome]:
    """Return what each check made of the action; nothing before the screening."""
    if action.verdict is None:
        return []
    found = {name: what for name, what in (action.checks or {}).items() if name != _DECIDED}
    # After them, those that there were when the action was screened.
    names = [*CHECKS_BY_NAME, *(name for name in found if name not in CHECKS_BY_NAME)]
    return [_describe(name, found, action.policy_checks) for name in names]


def _describe(
    name: str, found: Mapping[str, Any], in_policy: Collection[str] | None
) -> CheckOutcome:
    what = found.get(name)
    if isinstance(what, Mapping):
        return CheckOutcome(name, "found", what)
    is_off = in_policy is not None and name not in in_policy
    return CheckOutcome(name, "off" if is_off else "pass", {})


def _list_batches(action: TracedAction, acts: Sequence[ActRow]) -> list[UUID]:
    """Return the batches in which the action was: each decision names that before and its own."""
    decided = [UUID(batch) for act in acts for batch in (act.details or {}).get(BATCHES, ())]
    last = [] if action.batch_id is None else [action.batch_id]
    return list({*decided, *last})
