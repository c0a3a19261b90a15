"""Cases: opened by what is held, claimed by one at a time, closed when nothing is left."""

from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import (
    CaseClosedError,
    CaseUndecidedError,
    NotFoundError,
)
from domain.moderation.appeals import appeal
from domain.moderation.cases import claim_case, close_case, get_case, list_cases
from domain.moderation.deciding import Decision
from domain.moderation.model import CaseState
from domain.store.postgres.moderation.case_lists import CasePlace, CaseRow
from domain.store.store import Store
from domain.verification.model import Invariant
from tests.factories import make_action
from tests.intakes import fetch
from tests.integration.moderation.moderating import (
    MODERATOR,
    OTHER,
    decide,
    find_case_of,
    hold_actions,
    list_act_kinds,
    list_case_rows,
    reject_action,
    run_at_once,
)
from tests.pipeline import complete_actions
from tests.verification import change, find_broken
from workers.context import WorkerContext

NOW = datetime(2026, 11, 27, 12, tzinfo=UTC)


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    """A worker's context with a trusted board."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    return worker_context


def look(
    store: Store, *, after: CasePlace | None = None, limit: int = 50, **wanted: Any
) -> tuple[list[CaseRow], CasePlace | None]:
    filters: dict[str, Any] = {
        "state": CaseState.OPEN,
        "user_id": None,
        "reason": None,
        "claimed": None,
        "by": MODERATOR,
        **wanted,
    }
    return list_cases(store, after=after, limit=limit, now=NOW, **filters)


def test_a_batch_without_a_held_action_opens_no_case(context: WorkerContext) -> None:
    complete_actions(context, [make_action(), make_action(score=5000)])
    assert list_case_rows(context.store) == []


def test_held_actions_open_one_case_for_each_player_and_later_ones_are_its_signals(
    context: WorkerContext,
) -> None:
    store = context.store
    (first, _), (other,) = hold_actions(context, count=2), hold_actions(context)
    assert {row.user_id for row in list_case_rows(store)} == {first.user_id, other.user_id}
    before = look(store, user_id=first.user_id)[0][0]
    assert (before.held_actions, before.held_score) == (2, 200)
    hold_actions(context, player=first.user_id, score=70)
    (case,) = look(store, user_id=first.user_id)[0]
    assert (case.case_id, case.opened_at) == (before.case_id, before.opened_at)
    assert case.last_signal_at > before.last_signal_at
    assert (case.held_actions, case.held_score) == (3, 270)
    assert case.reasons == {"SCORE_BURST": 3}
    assert [row.user_id for row in look(store)[0]] == [first.user_id, other.user_id]


def test_a_case_is_closed_with_the_decision_on_its_last_held_action(
    context: WorkerContext,
) -> None:
    store = context.store
    first, second = hold_actions(context, count=2)
    case_id = find_case_of(store, first.user_id)
    decide(context, first, Decision.RELEASE)
    assert find_case_of(store, first.user_id) == case_id
    decide(context, second, Decision.REJECT)
    (closed,) = list_case_rows(store, user_id=first.user_id)
    assert (closed.state, closed.closed_at is None) == ("closed", False)
    hold_actions(context, player=first.user_id)
    assert find_case_of(store, first.user_id) != case_id
    (row,) = look(store, state=CaseState.CLOSED)[0]
    assert (row.case_id, row.held_actions, row.reasons) == (case_id, 0, {})
    assert [act.kind for act in get_case(store, case_id=case_id).acts] == ["reject", "release"]
    assert find_broken(store, context.settings) == {}


def test_a_case_shows_what_is_held_and_its_appeals(context: WorkerContext) -> None:
    first, second = hold_actions(context, count=2)
    appeal(context.store, action_id=first.action_id, user_id=first.user_id, message="please")
    details = get_case(context.store, case_id=find_case_of(context.store, first.user_id))
    assert [held.action_id for held in details.held] == [second.action_id, first.action_id]
    assert details.held[0].reason == "SCORE_BURST"
    assert details.held[0].checks is not None
    assert [(shown.action_id, shown.message) for shown in details.appeals] == [
        (first.action_id, "please")
    ]
    assert details.case.open_appeals == 1
    with pytest.raises(NotFoundError):
        get_case(context.store, case_id=uuid4())


def test_cases_are_listed_page_by_page_newest_signal_first(context: WorkerContext) -> None:
    held = [hold_actions(context)[0].user_id for _ in range(5)]
    seen: list[UUID] = []
    after: CasePlace | None = None
    while True:
        page, after = look(context.store, after=after, limit=2)
        seen += [case.user_id for case in page]
        if after is None:
            break
    assert seen == held[::-1]


def test_cases_are_listed_by_reason_and_by_who_has_claimed_them(context: WorkerContext) -> None:
    store = context.store
    mine, foreign, free = (hold_actions(context)[0].user_id for _ in range(3))
    claim_case(store, case_id=find_case_of(store, mine), by=MODERATOR, now=NOW)
    claim_case(store, case_id=find_case_of(store, foreign), by=OTHER, now=NOW)
    claim_case(
        store,
        case_id=find_case_of(store, free),
        by=OTHER,
        now=NOW - timedelta(minutes=30),
    )

    def listed(**wanted: Any) -> set[UUID]:
        return {case.user_id for case in look(store, **wanted)[0]}

    assert listed(claimed="mine") == {mine}
    assert listed(claimed="others") == {foreign}
    assert listed(claimed="none") == {free}
    assert listed() == listed(reason="SCORE_BURST") == {mine, foreign, free}
    assert listed(reason="VELOCITY") == set()


def test_a_case_with_held_actions_is_not_closed_and_one_without_is(context: WorkerContext) -> None:
    store = context.store
    (held,), rejected = hold_actions(context), reject_action(context)
    with pytest.raises(CaseUndecidedError):
        close_case(
            store, case_id=find_case_of(store, held.user_id), by=MODERATOR, reason="no", now=NOW
        )
    appeal(store, action_id=rejected.action_id, user_id=rejected.user_id, message="please")
    case_id = find_case_of(store, rejected.user_id)
    close_case(store, case_id=case_id, by=MODERATOR, reason="too high", now=NOW)
    assert list_case_rows(store, case_id=case_id)[0].state == "closed"
    assert fetch(store, "SELECT state FROM appeals")[0].state == "declined"
    for act in (claim_case, close_case):
        more = {"reason": "again"} if act is close_case else {}
        with pytest.raises(CaseClosedError):
            act(store, case_id=case_id, by=MODERATOR, now=NOW, **more)
        with pytest.raises(NotFoundError):
            act(store, case_id=uuid4(), by=MODERATOR, now=NOW, **more)
    assert list_act_kinds(store) == ["close"]


def test_of_two_decisions_at_once_on_the_last_two_held_actions_one_closes_the_case(
    context: WorkerContext,
) -> None:
    for _ in range(5):
        first, second = hold_actions(context, count=2)
        run_at_once(
            partial(decide, context, first, Decision.RELEASE),
            partial(decide, context, second, Decision.REJECT),
        )
        (case,) = list_case_rows(context.store, user_id=first.user_id)
        assert case.state == "closed"


def test_a_decision_and_a_new_held_action_at_once_leave_no_held_action_without_a_case(
    context: WorkerContext,
) -> None:
    for _ in range(5):
        (action,) = hold_actions(context)
        run_at_once(
            partial(decide, context, action, Decision.REJECT),
            partial(hold_actions, context, player=action.user_id),
        )
        find_case_of(context.store, action.user_id)


def test_a_held_action_without_an_open_case_is_named(context: WorkerContext) -> None:
    (action,) = hold_actions(context)
    assert find_broken(context.store, context.settings) == {}
    change(context.store, "UPDATE moderation_cases SET state = 'closed'")
    assert find_broken(context.store, context.settings) == {
        Invariant.TERMINAL: (f"action {action.action_id} is held and its player has no open case",)
    }


def test_the_held_actions_of_a_player_are_found_by_their_index(store: Store) -> None:
    with store.write() as connection:
        connection.execute(text("SET LOCAL enable_seqscan = off"))
        plan = connection.execute(
            text(
                "EXPLAIN SELECT 1 FROM user_actions"
                " WHERE user_id = :id AND status = 'quarantined' LIMIT 1"
            ),
            {"id": uuid4()},
        ).scalars()
        # Its name is made of the month's in each partition.
        assert "user_id_action_no_idx" in "".join(plan)
