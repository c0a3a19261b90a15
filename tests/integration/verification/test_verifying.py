"""Verification: an undamaged system has no findings; what is lost, doubled or stuck is named."""

from pathlib import Path

import pytest

from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.verification import change, find_broken, make_history
from workers.context import WorkerContext


@pytest.fixture(autouse=True)
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the board: nothing repairs it here."""
    monkeypatch.setattr("domain.verification.board.PROMISED_SECONDS", 0.2)


@pytest.fixture
def actions(worker_context: WorkerContext) -> list[NewAction]:
    return make_history(worker_context)


def test_a_system_after_work_is_sound(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    assert find_broken(store, settings) == {}


def test_an_empty_system_is_sound(store: Store, settings: Settings) -> None:
    rebuild_board(store, board=GLOBAL_BOARD)
    assert find_broken(store, settings) == {}


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        (
            "UPDATE user_scores SET reached_seq = 1 WHERE user_id = :user",
            "reached the score at 1, by the actions at 2",
        ),
        (
            "UPDATE user_stats SET total_actions = 3 WHERE user_id = :user",
            "has 3 actions in the statistics, applied are 2",
        ),
        (
            "UPDATE user_stats SET last_action = now() WHERE user_id = :user",
            "has other times in the statistics than its actions",
        ),
        (
            "DELETE FROM user_stats WHERE user_id = :user",
            "has 0 actions in the statistics, applied are 2",
        ),
    ],
)
def test_tampered_statistics_name_the_user(
    store: Store, settings: Settings, actions: list[NewAction], statement: str, complaint: str
) -> None:
    change(store, statement, user=actions[0].user_id)
    broken = find_broken(store, settings)
    assert broken[Invariant.CONSERVATION] == (f"user {actions[0].user_id} {complaint}",)


def test_a_lost_row_and_a_doubled_row_are_named(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    lost, doubled = actions[3].action_id, actions[2].action_id
    change(store, "DELETE FROM user_actions WHERE action_id = :id", id=lost)
    change(
        store,
        "INSERT INTO user_actions (action_id, user_id, score_delta, created_at, action_no,"
        " batch_id, status, version, previous_score, new_score)"
        " SELECT action_id, user_id, score_delta, created_at + interval '1 second', action_no,"
        " batch_id, 'rejected', version, NULL, NULL FROM user_actions WHERE action_id = :id",
        id=doubled,
    )
    broken = find_broken(store, settings)
    assert broken[Invariant.EXACTLY_ONCE] == (
        f"action {lost} was acknowledged and its row is gone",
        f"action {doubled} is stored beside the row that its id stands for",
    )


def test_an_effect_without_a_verdict_and_one_twice_as_big_are_named(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    unscreened, bigger = actions[0].action_id, actions[1].action_id
    change(store, "DELETE FROM action_checks WHERE action_id = :id", id=unscreened)
    change(
        store,
        "UPDATE user_actions SET new_score = new_score + 70 WHERE action_id = :id",
        id=bigger,
    )
    assert find_broken(store, settings)[Invariant.EXACTLY_ONCE] == (
        f"action {unscreened} is applied and was never screened",
        f"action {bigger} is applied and its scores do not differ by its own",
    )


def test_what_is_on_its_way_breaks_nothing(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    accept_actions(store, actions=[make_action()], reply_to=None)
    assert find_broken(store, settings) == {}


def test_a_batch_that_stands_still_is_named_with_its_action(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    late = make_action()
    (batch,) = accept_actions(store, actions=[late], reply_to=None).batches
    change(
        store,
        "UPDATE action_batches SET updated_at = now() - interval '20.2 seconds'"
        " WHERE batch_id = :id",
        id=batch.batch_id,
    )
    for table in ("user_actions", "action_ids"):
        change(
            store,
            f"UPDATE {table} SET created_at = created_at - interval '1 minute'"
            " WHERE action_id = :id",
            id=late.action_id,
        )
    assert find_broken(store, settings) == {
        Invariant.TERMINAL: (
            f"action {late.action_id} has been pending for 20 s, its batch is accepted",
            f"batch {batch.batch_id} stands at accepted for 20 s",
        )
    }


def test_a_pending_action_without_an_unfinished_batch_is_named_at_once(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    orphan, forgotten = make_action(), make_action()
    (first,) = accept_actions(store, actions=[orphan], reply_to=None).batches
    (second,) = accept_actions(store, actions=[forgotten], reply_to=None).batches
    change(store, "DELETE FROM action_batches WHERE batch_id = :id", id=first.batch_id)
    change(
        store, "UPDATE action_batches SET stage = 'done' WHERE batch_id = :id", id=second.batch_id
    )
    assert find_broken(store, settings) == {
        Invariant.TERMINAL: (
            f"action {orphan.action_id} is pending and its batch is gone",
            f"action {forgotten.action_id} is pending and its batch is done",
        )
    }


def test_many_findings_are_cut_and_said_to_be_more(
    store: Store, settings: Settings, actions: list[NewAction], tmp_path: Path
) -> None:
    accept_actions(store, actions=[make_action() for _ in range(30)], reply_to=None)
    change(store, "DELETE FROM action_batches WHERE stage = 'accepted'")
    terminal = verify(store, archive_path=tmp_path, wait_seconds=0)[0]
    assert (len(terminal.findings), terminal.more) == (20, True)
