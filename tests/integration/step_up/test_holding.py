"""What nobody vouches for is held above STEP_UP_SCORE, and what vouched is kept with the action."""

from dataclasses import replace

import pytest
from sqlalchemy import select

from domain.actions.model import Status
from domain.step_up.model import StepUp
from domain.store.postgres import tables
from tests.factories import make_action, make_policy
from tests.pipeline import complete_actions
from workers.context import WorkerContext


@pytest.mark.parametrize(
    ("step_up", "score", "status"),
    [
        (None, 501, Status.QUARANTINED),
        (StepUp.NONE, 501, Status.QUARANTINED),
        (StepUp.TOTP, 501, Status.APPLIED),
        (StepUp.SIGNATURE, 501, Status.APPLIED),
        (None, 500, Status.APPLIED),
    ],
)
def test_an_action_of_high_value_is_held_unless_something_vouches_for_it(
    worker_context: WorkerContext, step_up: StepUp | None, score: int, status: Status
) -> None:
    context = replace(worker_context, policy=make_policy(step_up_score=500))
    complete_actions(context, [make_action(score=score, step_up=step_up)])
    stored = read_stored(context)
    assert stored == (status, None if status is Status.APPLIED else "STEP_UP_REQUIRED", step_up)


def test_nothing_needs_to_vouch_unless_it_is_set(worker_context: WorkerContext) -> None:
    complete_actions(worker_context, [make_action(score=1000)])
    assert read_stored(worker_context) == (Status.APPLIED, None, None)


def read_stored(context: WorkerContext) -> tuple[object, ...]:
    columns = tables.user_actions.c
    with context.store.write() as connection:
        query = select(columns.status, columns.reason, columns.step_up)
        return tuple(connection.execute(query).one())
