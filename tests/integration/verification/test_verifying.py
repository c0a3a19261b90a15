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
from tests.bans import ban
from tests.factories import make_action
from tests.intakes import fetch
from tests.verification import change, find_broken

pytestmark = pytest.mark.usefixtures("impatient")


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
            "UPDATE user_scores SET total_actions = 3 WHERE user_id = :user",
            "has 3 actions in the statistics, applied are 2",
        ),
        (
            "UPDATE user_scores SET last_action = now() WHERE user_id = :user",
            "has other times in the statistics than its actions",
        ),
        (
            "UPDATE user_scores SET total_actions = 0 WHERE user_id = :user",
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


def test_bans_and_boards_must_agree(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    ada = actions[0].user_id
    ban(store, ada)
    assert find_broken(store, settings) == {}
    change(store, "UPDATE bans SET ended_at = now()")
    broken = find_broken(store, settings)
    assert broken[Invariant.CONSERVATION] == (f"user {ada} is off the boards, and no ban runs",)
    change(store, "UPDATE bans SET ended_at = NULL")
    change(
        store,
        "UPDATE user_scores SET reached_seq = withheld_seq, withheld_seq = NULL"
        " WHERE withheld_seq IS NOT NULL",
    )
    broken = find_broken(store, settings)
    assert broken[Invariant.CONSERVATION] == (
        f"user {ada} is banned, and not taken off the boards",
    )


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
        f"action {lost} was acknowledged, and neither a row nor an open batch has it",
        f"action {doubled} is stored beside the row that its id stands for",
    )


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("DELETE FROM action_ids WHERE action_id = :id", "is stored without holding its id"),
        (
            "UPDATE action_ids SET action_no = 99 WHERE action_id = :id",
            "is stored beside the row that its id stands for",
        ),
        (
            "UPDATE action_ids SET created_at = created_at - interval '1 s' WHERE action_id = :id",
            "is stored beside the row that its id stands for",
        ),
    ],
)
def test_a_row_that_its_id_does_not_stand_for_is_named(
    store: Store, settings: Settings, actions: list[NewAction], statement: str, complaint: str
) -> None:
    action_id = actions[1].action_id
    change(store, statement, id=action_id)
    assert f"action {action_id} {complaint}" in find_broken(store, settings)[Invariant.EXACTLY_ONCE]


@pytest.mark.parametrize(
    ("statement", "complaint"),
    [
        ("SET verdict = NULL", "is applied and was never screened"),
        ("SET verdict = 'reject'", "is applied and its verdict is reject"),
        ("SET new_score = new_score + 70", "is applied and its scores do not differ by its own"),
        ("SET status = 'failed'", "is failed and has an effect on the score"),
    ],
)
def test_an_effect_that_its_row_does_not_explain_is_named(
    store: Store, settings: Settings, actions: list[NewAction], statement: str, complaint: str
) -> None:
    action_id = actions[1].action_id
    change(store, f"UPDATE user_actions {statement} WHERE action_id = :id", id=action_id)
    assert find_broken(store, settings)[Invariant.EXACTLY_ONCE][0] == (
        f"action {action_id} {complaint}"
    )


@pytest.mark.parametrize(
    "statement",
    [
        "SET reason = 'VELOCITY'",
        "SET version = 0",
        "SET batch_id = gen_random_uuid()",
        "SET request_id = 'another'",
        "SET metadata = '{}'",
        "SET action_type = NULL",
        "SET timestamp = timestamp + interval '1 s'",
        "SET completed_at = completed_at + interval '1 s'",
        "SET checks = '{}'",
        "SET verdict_reason = NULL",
        "SET verdict = 'quarantine'",
        "SET score_delta = score_delta - 1",
    ],
)
def test_a_row_that_is_not_what_the_log_says_is_named(
    store: Store, settings: Settings, actions: list[NewAction], statement: str
) -> None:
    rejected = actions[3].action_id
    (batch,) = fetch(store, "SELECT batch_id FROM action_batches")
    change(store, f"UPDATE user_actions {statement} WHERE action_id = :id", id=rejected)
    assert find_broken(store, settings)[Invariant.EXACTLY_ONCE] == (
        f"action {rejected} is not what the log of batch {batch.batch_id} says of it",
    )


def test_a_log_that_was_changed_is_named(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    (batch,) = fetch(store, "SELECT batch_id FROM action_batches")
    change(store, "UPDATE action_batches SET user_ids[1] = user_ids[4], scores[2] = 71")
    assert find_broken(store, settings) == {
        Invariant.EXACTLY_ONCE: (
            f"action {actions[0].action_id} is in the log of batch {batch.batch_id} as another",
            f"action {actions[1].action_id} is not what the log of batch {batch.batch_id}"
            " says of it",
        )
    }


def test_a_log_that_is_gone_after_its_week_is_not_missed(
    store: Store, settings: Settings, actions: list[NewAction]
) -> None:
    change(store, "DELETE FROM action_batches")
    assert find_broken(store, settings) == {}


def test_many_findings_are_cut_and_said_to_be_more(
    store: Store, settings: Settings, actions: list[NewAction], tmp_path: Path
) -> None:
    accept_actions(store, actions=[make_action() for _ in range(30)], reply_to=None)
    change(store, "DELETE FROM action_batches WHERE stage = 'accepted'")
    once = verify(store, archive_path=tmp_path, wait_seconds=0)[1]
    assert (len(once.findings), once.more) == (20, True)
