"""Appeals: once for each action that does not count, answered by a decision or the case's end."""

from uuid import UUID, uuid4

import pytest

from domain.actions.history import get_action
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import AlreadyAppealedError, NotFoundError, StatusConflictError
from domain.moderation.appeals import appeal
from domain.moderation.deciding import Decision
from domain.store.store import Store
from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import (
    decide,
    find_case_of,
    hold_actions,
    list_act_kinds,
    list_case_rows,
    reject_action,
)
from tests.pipeline import complete_actions
from tests.verification import find_broken
from tests.waiting import run_in_threads
from workers.context import WorkerContext


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker's context with a trusted board."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    return worker_context


def read_state(store: Store, action_id: UUID) -> str | None:
    shown = get_action(store, action_id=action_id, user_id=None).appeal
    return None if shown is None else shown.state


def test_an_appeal_against_a_rejected_action_opens_a_case_and_release_grants_it(
    context: WorkerContext,
) -> None:
    store, action = context.store, reject_action(context)
    made = appeal(store, action_id=action.action_id, user_id=action.user_id, message="lag")
    assert (made.state, made.message) == ("open", "lag")
    assert read_state(store, action.action_id) == "open"
    case_id = find_case_of(store, action.user_id)
    assert decide(context, action, Decision.RELEASE).batch_id is not None
    record = get_action(store, action_id=action.action_id, user_id=None)
    assert (record.status, record.new_score) == ("applied", 5000)
    assert read_state(store, action.action_id) == "granted"
    assert list_case_rows(store, case_id=case_id)[0].state == "closed"
    assert list_act_kinds(store) == ["release"]
    assert find_broken(store, context.settings) == {}


def test_an_open_appeal_keeps_the_case_open_after_the_last_held_action(
    context: WorkerContext,
) -> None:
    store, rejected = context.store, reject_action(context)
    (held,) = hold_actions(context, player=rejected.user_id)
    appeal(store, action_id=rejected.action_id, user_id=rejected.user_id, message="lag")
    decide(context, held, Decision.REJECT)
    find_case_of(store, rejected.user_id)
    assert read_state(store, rejected.action_id) == "open"


def test_an_action_is_appealed_against_once(context: WorkerContext) -> None:
    store, (action,) = context.store, hold_actions(context)
    appeal(store, action_id=action.action_id, user_id=action.user_id, message="one")
    decide(context, action, Decision.REJECT)
    assert read_state(store, action.action_id) == "declined"
    with pytest.raises(AlreadyAppealedError):
        appeal(store, action_id=action.action_id, user_id=action.user_id, message="two")
    assert [row.message for row in fetch(store, "SELECT message FROM appeals")] == ["one"]


def test_of_appeals_at_once_one_is_taken(context: WorkerContext) -> None:
    store, action = context.store, reject_action(context)
    outcomes: list[str] = []

    def send() -> None:
        try:
            made = appeal(store, action_id=action.action_id, user_id=action.user_id, message="x")
            outcomes.append(made.state)
        except AlreadyAppealedError:
            outcomes.append("refused")

    run_in_threads(send, count=4)
    assert sorted(outcomes) == ["open", "refused", "refused", "refused"]


def test_what_counts_or_is_not_the_player_s_is_not_appealed_against(
    context: WorkerContext,
) -> None:
    store, action = context.store, make_action()
    complete_actions(context, [action])
    with pytest.raises(StatusConflictError) as refused:
        appeal(store, action_id=action.action_id, user_id=action.user_id, message="more")
    assert refused.value.details == {"status": "applied"}
    rejected = reject_action(context)
    for action_id, user_id in ((rejected.action_id, uuid4()), (uuid4(), rejected.user_id)):
        with pytest.raises(NotFoundError):
            appeal(store, action_id=action_id, user_id=user_id, message="x")
    assert list_case_rows(store) == []
    assert fetch(store, "SELECT 1 FROM appeals") == []
