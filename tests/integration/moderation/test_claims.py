"""Claims: one moderator decides in a case at a time, and nobody on their own account."""

from datetime import UTC, datetime, timedelta
from uuid import uuid4

import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import CaseClaimedError, ForbiddenError
from domain.moderation import holding
from domain.moderation.cases import claim_case, close_case, end_claim
from domain.moderation.deciding import Decision
from domain.moderation.retrying import retry_failed_actions
from domain.store.postgres.actions.reviews import FailedFilter
from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import (
    MODERATOR,
    OTHER,
    decide,
    fail_action,
    find_case_of,
    hold_actions,
    list_act_kinds,
    list_case_rows,
)
from tests.pipeline import complete_actions
from tests.waiting import run_in_threads
from workers.context import WorkerContext

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker's context with a trusted board."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    return worker_context


def test_a_case_is_claimed_by_one_for_half_an_hour(context: WorkerContext) -> None:
    store = context.store
    case_id = find_case_of(store, hold_actions(context)[0].user_id)
    until = claim_case(store, case_id=case_id, by=MODERATOR, now=NOW)
    assert until == NOW + timedelta(minutes=30)
    with pytest.raises(CaseClaimedError) as refused:
        claim_case(store, case_id=case_id, by=OTHER, now=NOW + timedelta(minutes=29))
    assert refused.value.details == {"by": MODERATOR, "until": until}
    later = NOW + timedelta(minutes=10)
    assert claim_case(store, case_id=case_id, by=MODERATOR, now=later) == later + timedelta(
        minutes=30
    )
    end = later + timedelta(minutes=30)
    assert claim_case(store, case_id=case_id, by=OTHER, now=end) == end + timedelta(minutes=30)
    with pytest.raises(CaseClaimedError):
        end_claim(store, case_id=case_id, by=MODERATOR, now=end)
    end_claim(store, case_id=case_id, by=OTHER, now=end)
    end_claim(store, case_id=case_id, by=OTHER, now=end)
    claim_case(store, case_id=case_id, by=MODERATOR, now=end)
    assert list_act_kinds(store) == ["claim", "claim", "unclaim", "claim"]


def test_of_two_claims_at_once_one_is_taken(context: WorkerContext) -> None:
    store = context.store
    case_id = find_case_of(store, hold_actions(context)[0].user_id)
    taken: list[str] = []
    refused: list[str] = []

    def claim() -> None:
        by = str(uuid4())
        try:
            claim_case(store, case_id=case_id, by=by, now=NOW)
            taken.append(by)
        except CaseClaimedError:
            refused.append(by)

    run_in_threads(claim, count=4)
    assert (len(taken), len(refused)) == (1, 3)
    (case,) = list_case_rows(store)
    assert case.claimed_by == taken[0]
    assert list_act_kinds(store) == ["claim"]


def test_another_moderator_s_claim_refuses_decisions_and_changes_nothing(
    context: WorkerContext,
) -> None:
    store = context.store
    (action,) = hold_actions(context)
    claim_case(store, case_id=find_case_of(store, action.user_id), by=OTHER, now=NOW)
    with pytest.raises(CaseClaimedError):
        decide(context, action, Decision.RELEASE, now=NOW)
    (row,) = fetch(store, "SELECT status, version FROM user_actions")
    assert (row.status, row.version) == ("quarantined", 1)
    assert list_act_kinds(store) == ["claim"]
    decide(context, action, Decision.RELEASE, by=OTHER, now=NOW)
    assert list_case_rows(store)[0].state == "closed"


def test_what_is_held_or_retried_with_many_goes_beside_a_claim(context: WorkerContext) -> None:
    store = context.store
    (held,) = hold_actions(context)
    applied, failed = make_action(user_id=held.user_id), make_action(user_id=held.user_id)
    complete_actions(context, [applied])
    fail_action(context, failed)
    claim_case(store, case_id=find_case_of(store, held.user_id), by=OTHER, now=NOW)
    for action, decision in ((applied, Decision.HOLD), (failed, Decision.RETRY)):
        with pytest.raises(CaseClaimedError):
            decide(context, action, decision, now=NOW)
    (outcome,) = holding.hold_actions(
        store, [(applied.action_id, "SCORE_BURST")], by="operator:ada", reason="policy 2", now=NOW
    )
    assert outcome.batch_id is not None
    retries = retry_failed_actions(
        store, wanted=FailedFilter(), by="operator:ada", reason="mended", now=NOW
    )
    assert [(progress.retried, progress.left) for progress in retries] == [(1, 0)]
    assert list_act_kinds(store) == ["claim", "hold", "retry"]


def test_nobody_decides_on_their_own_account(context: WorkerContext) -> None:
    store = context.store
    (action,) = hold_actions(context)
    case_id, own = find_case_of(store, action.user_id), str(action.user_id)
    with pytest.raises(ForbiddenError):
        claim_case(store, case_id=case_id, by=own, now=NOW)
    with pytest.raises(ForbiddenError):
        close_case(store, case_id=case_id, by=own, reason="fine", now=NOW)
    with pytest.raises(ForbiddenError):
        decide(context, action, Decision.RELEASE, by=own)
    assert list_act_kinds(store) == []
