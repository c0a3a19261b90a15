"""Decisions that race or are interrupted: one wins, nothing is lost, and nothing is done twice."""

import threading
from collections.abc import Sequence
from contextlib import suppress
from functools import partial
from random import Random
from uuid import UUID, uuid4

import pytest
from sqlalchemy import text

from domain.actions import reversal
from domain.actions.chain import AUDIT, CHAIN, REFRESH, SCORE, SCREEN
from domain.actions.history import get_action
from domain.actions.model import NewAction, Status
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import TransientError
from domain.fraud.signals import Signal
from domain.moderation.deciding import Decision, DecisionOutcome
from domain.rankings.definition_json import decode_definition, encode_definition
from domain.rankings.ledger import building
from domain.rankings.ledger.building import BuildStep
from domain.settings import Settings
from domain.store.postgres.fraud.signals import Wanted, read_signals
from domain.store.postgres.rankings.closing.seals import LOOKS_AT_DECISION, list_unsealed
from domain.store.store import Store
from tests.built_boards import make_version
from tests.factories import make_action
from tests.integration.interleaving.runs import Crash, crashing
from tests.integration.moderation.taking_back import (
    check,
    complete,
    decide,
    make_boards,
    read_scores,
    take,
    trust_rankings,
)
from tests.pipeline import complete_actions, finish_batch
from tests.rankings import list_rows
from tests.state_checksum import find_differences, read_state
from tests.verification import find_broken
from tests.waiting import run_in_threads
from workers.chain import run_link
from workers.context import WorkerContext

ADA = uuid4()


@pytest.fixture
def context(worker_context: WorkerContext) -> WorkerContext:
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    make_boards(worker_context.store)
    return worker_context


def count_acts(store: Store) -> int:
    with store.write() as connection:
        return int(connection.execute(text("SELECT count(*) FROM moderation_acts")).scalar_one())


@pytest.mark.parametrize("others", [Decision.VOID, Decision.HOLD])
def test_of_moderators_at_once_one_wins_and_the_others_are_told(
    context: WorkerContext, others: Decision
) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    outcomes: list[DecisionOutcome] = []
    decisions = [Decision.VOID, others] * 3
    start = threading.Barrier(len(decisions))

    def work() -> None:
        start.wait(timeout=10)
        outcomes.append(take(store, action, decisions.pop()))

    run_in_threads(work, count=6)
    (batch_id,) = [outcome.batch_id for outcome in outcomes if outcome.batch_id]
    assert {outcome.status for outcome in outcomes} == {Status.PENDING}
    assert take(store, action, Decision.VOID) == DecisionOutcome(Status.PENDING)
    finish_batch(context, batch_id)
    assert take(store, action, Decision.HOLD).batch_id is None
    assert read_scores(store, [ADA]) == [50]
    assert count_acts(store) == 1
    check(context)


def test_until_it_is_scored_the_action_counts_and_nothing_is_half_done(
    context: WorkerContext, settings: Settings
) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    before = read_state(store)
    outcome = take(store, action, Decision.VOID)
    assert outcome.batch_id is not None
    assert find_differences(before, read_state(store)) == []
    assert get_action(store, action_id=action.action_id, user_id=ADA).status is Status.APPLIED
    statuses = []
    for link in CHAIN:
        run_link(context, link=link, batch_id=outcome.batch_id)
        statuses.append(get_action(store, action_id=action.action_id, user_id=ADA).status)
        if link in (SCREEN, SCORE, REFRESH):
            broken = find_broken(store, settings)
            assert {name.value for name in broken} <= {"terminal", "board", "rankings"}, broken
    assert statuses == [Status.APPLIED, *[Status.VOIDED] * 4]
    check(context)


def test_an_action_that_is_taken_back_is_seen_once_by_screening(context: WorkerContext) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    at = get_action(store, action_id=action.action_id, user_id=ADA).accepted_at

    def read() -> int:
        with store.write() as connection:
            wanted = Wanted(uuid4(), at, {str(ADA): 2**60})
            found = read_signals(connection, needs=frozenset({Signal.WINDOW}), wanted=wanted)
        return found.windows[str(ADA)].score_last_hour

    assert read() == 80
    take(store, action, Decision.VOID)
    assert read() == 80


@pytest.mark.parametrize("commits", range(6))
@pytest.mark.parametrize("decision", [Decision.VOID, Decision.HOLD])
def test_a_process_that_ends_anywhere_leaves_it_to_the_keeper(
    context: WorkerContext, commits: int, decision: Decision
) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    before = read_state(store)
    outcome = take(store, action, decision)
    assert outcome.batch_id is not None
    with crashing(store, after=commits), suppress(Crash):
        finish_batch(context, outcome.batch_id)
    for _ in range(2):
        finish_batch(context, outcome.batch_id)
    assert read_scores(store, [ADA]) == [50]
    check(context)
    inverse = Decision.RESTORE if decision is Decision.VOID else Decision.RELEASE
    decide(context, action, inverse)
    assert find_differences(before, read_state(store)) == []


def test_a_decision_that_fails_midway_is_none(context: WorkerContext) -> None:
    store = context.store
    (action,) = complete(context, ADA, 30)
    with crashing(store, after=0), pytest.raises(Crash):
        take(store, action, Decision.VOID)
    assert count_acts(store) == 0
    decide(context, action, Decision.VOID)
    check(context)


@pytest.mark.parametrize("changes", [1, 2, 5])
def test_a_player_who_acts_meanwhile_is_folded_again(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch, changes: int
) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    left = [5] * changes
    write = reversal._write

    def act_first(*arguments: object) -> object:
        if left:
            complete(context, ADA, left.pop())
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reversal, "_write", act_first)
    decide(context, action, Decision.VOID)
    monkeypatch.undo()
    done = min(changes, reversal.FOLDS_WITHOUT_LOCK + 1)
    assert read_scores(store, [ADA]) == [50 + 5 * done]
    check(context)


def test_an_older_row_that_is_written_late_does_not_come_back(
    context: WorkerContext,
) -> None:
    store = context.store
    complete(context, uuid4(), 1)
    (action,) = complete(context, ADA, 30)
    late = context.written_rows._batches.copy()
    batch_id = decide(context, action, Decision.VOID)
    state = read_state(store)
    with store.write() as connection:
        connection.execute(
            text("UPDATE action_batches SET stage = 'scored' WHERE batch_id <> :id"),
            {"id": batch_id},
        )
        batches = list(connection.execute(text("SELECT batch_id FROM action_batches")).scalars())
    context.written_rows._batches.update(late)
    for other in batches:
        finish_batch(context, other)
    assert find_differences(state, read_state(store)) == []
    check(context)


def test_a_decision_waits_for_the_entry_of_what_it_is_about(context: WorkerContext) -> None:
    store = context.store
    (action,) = complete(context, ADA, 30)
    outcome = take(store, action, Decision.VOID)
    assert outcome.batch_id is not None
    for link in (SCORE, REFRESH):
        run_link(context, link=link, batch_id=outcome.batch_id)
    with pytest.raises(TransientError, match="audit log"):
        take(store, action, Decision.RESTORE)
    run_link(context, link=AUDIT, batch_id=outcome.batch_id)
    decide(context, action, Decision.RESTORE)
    finish_batch(context, outcome.batch_id)
    check(context)


def test_a_decision_that_cannot_be_done_holds_seals_up_for_seconds_only(
    context: WorkerContext,
) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    outcome = take(store, action, Decision.VOID)
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE rankings SET period_end = clock_timestamp() - interval '1 minute'"
                " WHERE period_end IS NOT NULL"
            )
        )
        connection.execute(
            text("UPDATE action_batches SET created_at = created_at - interval '1 hour'")
        )

    def is_due() -> bool:
        with store.write() as connection:
            return bool(list_unsealed(connection)[0])

    assert not is_due()
    with store.write() as connection:
        connection.execute(
            text("UPDATE action_batches SET looks = :looks WHERE batch_id = :id"),
            {"looks": LOOKS_AT_DECISION, "id": outcome.batch_id},
        )
    assert is_due()


def test_players_act_while_their_actions_are_taken_back_and_restored(
    context: WorkerContext,
) -> None:
    store, players = context.store, [uuid4() for _ in range(3)]
    actions = [action for player in players for action in complete(context, player, 5, 30, 50)]
    workers = [
        partial(act, context, players, number) if number % 2 else partial(judge, context, actions)
        for number in range(4)
    ]
    run_in_threads(lambda: workers.pop()(), count=4)
    with store.write() as connection:
        unfinished = text("SELECT batch_id FROM action_batches WHERE stage <> 'done'")
        batches = list(connection.execute(unfinished).scalars())
    for batch_id in batches:
        finish_batch(context, batch_id)
    trust_rankings(store)
    check(context)


def act(context: WorkerContext, players: Sequence[UUID], seed: int) -> None:
    """Send actions of all players, and leave to the keeper what is in the way of others."""
    dice = Random(seed)
    for _ in range(15):
        actions = [
            make_action(user_id=dice.choice(players), score=dice.randrange(60)) for _ in "ab"
        ]
        with suppress(TransientError):
            complete_actions(context, actions)


def judge(context: WorkerContext, actions: Sequence[NewAction]) -> None:
    """Void and restore, hold and release."""
    dice = Random(7)
    for _ in range(25):
        action, decision = dice.choice(actions), dice.choice(list(Decision))
        with suppress(TransientError):
            batch_id = take(context.store, action, decision).batch_id
            if batch_id is not None:
                finish_batch(context, batch_id)


def test_a_withheld_player_loses_the_score_and_gets_no_row(context: WorkerContext) -> None:
    store = context.store
    first, last = complete(context, ADA, 30, 50)
    with store.write() as connection:
        connection.execute(
            text("UPDATE user_scores SET withheld_seq = reached_seq, reached_seq = NULL")
        )
        connection.execute(text("DELETE FROM ranking_rows"))
        connection.execute(text("DELETE FROM ranking_buckets"))
    expected = {last.action_id: (30, None, 1), first.action_id: (0, None, 0)}
    for action in (last, first):
        decide(context, action, Decision.VOID)
        state = read_state(store)
        ((_, score, reached, withheld, actions, *_),) = state["scores"]
        assert (score, reached, actions) == expected[action.action_id]
        assert bool(withheld) is (action is last)
        assert (state["rows"], state["buckets"]) == ([], [])


def test_a_build_that_has_read_the_player_folds_again(
    context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = context.store
    action, _ = complete(context, ADA, 30, 50)
    (only,) = complete(context, uuid4(), 20)
    definition = {"id": "of-best", "aggregate": "sum", "value": "score"}
    make_version(store, encode_definition(decode_definition(definition)))
    with store.write() as connection:
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
    write = building._write
    waiting = [action, only]

    def decide_first(*arguments: object, **names: object) -> bool:
        while waiting:
            decide(context, waiting.pop(), Decision.VOID)
        return write(*arguments, **names)  # type: ignore[arg-type]

    monkeypatch.setattr(building, "_write", decide_first)
    (progress,) = building.list_builds(store)
    path = context.settings.archive_path
    assert building.build_version(store, progress=progress, archive_path=path) is BuildStep.BUILT
    assert building.make_live(store, version=progress.version)
    trust_rankings(store)
    assert [value for *_, value in list_rows(store, "of-best")][-1:] == [50]
    check(context)
