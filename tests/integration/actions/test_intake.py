"""Intake: a batch is committed as a whole, and one bad action does not refuse the others."""

from typing import Any
from uuid import uuid4

import pytest

from domain.actions.history import judge_repeats
from domain.actions.intake import IntakeOutcome
from domain.actions.model import Acceptance, Status
from domain.boards.model import GLOBAL_BOARD
from domain.store.store import Store
from tests.factories import make_action, make_player
from tests.intakes import ALL_ACTIONS, accept, accepted_ids, fetch

NUL = '{"note":"\\u0000"}'


def test_a_batch_is_numbered_in_the_order_in_which_it_came(store: Store) -> None:
    actions = [make_action() for _ in range(20)]
    outcome = accept(store, actions)
    assert accepted_ids(outcome) == {action.action_id for action in actions}
    rows = fetch(store, f"SELECT action_id, batch_id, status FROM {ALL_ACTIONS} ORDER BY action_no")
    assert [row.action_id for row in rows] == [action.action_id for action in actions]
    assert {row.batch_id for row in rows} == {outcome.batches[0].batch_id}
    assert {row.status for row in rows} == {Status.PENDING}
    moments = fetch(
        store,
        f"SELECT created_at FROM {ALL_ACTIONS} UNION SELECT created_at FROM action_batches"
        " UNION SELECT created_at FROM action_ids",
    )
    assert len(moments) == 1, "the batch's intake time names the partition of all its actions"


def test_ids_in_use_are_left_out_and_the_others_live(store: Store) -> None:
    player = uuid4()
    first = make_action(user_id=player, score=10)
    accept(store, [first])
    twin = make_action(user_id=player, action_id=first.action_id, score=10)
    other = make_action()
    outcome = accept(store, [twin, other])
    assert accepted_ids(outcome) == {other.action_id}
    stranger = make_action(action_id=first.action_id)
    changed = make_action(user_id=player, action_id=first.action_id, request_hash=b"x" * 32)
    judged = judge_repeats(store, board=GLOBAL_BOARD, actions=[twin, stranger, changed])
    assert [submission.acceptance for submission in judged] == [
        Acceptance.DUPLICATE,
        Acceptance.CONFLICT,
        Acceptance.CONFLICT,
    ]
    assert judged[0].result is not None
    assert judged[0].result.status is Status.PENDING
    assert [submission.result for submission in judged[1:]] == [None, None]


def test_a_batch_of_nothing_but_known_ids_leaves_no_batch(store: Store) -> None:
    action = make_action()
    accept(store, [action])
    assert accept(store, [action]) == IntakeOutcome(())
    assert len(fetch(store, "SELECT 1 FROM action_batches")) == 1


@pytest.mark.parametrize(
    "bad",
    [
        {"metadata": NUL},
        {"metadata": "{"},
        {"score": 2**31},
        {"action_type": "x" * 101},
        {"action_type": "a\x00b"},
        {"action_type": "\ud800"},
        {"request_id": "r" * 65},
    ],
)
def test_only_the_action_that_cannot_be_stored_is_refused(
    store: Store, bad: dict[str, Any]
) -> None:
    actions = [make_action() for _ in range(9)]
    actions.insert(4, make_action(**bad))
    outcome = accept(store, actions)
    assert outcome.unstorable == {actions[4].action_id}
    sound = {action.action_id for action in actions} - outcome.unstorable
    assert accepted_ids(outcome) == sound
    assert {row.action_id for row in fetch(store, "SELECT action_id FROM action_ids")} == sound
    assert {row.action_id for row in fetch(store, f"SELECT action_id FROM {ALL_ACTIONS}")} == sound
    batches = {row.batch_id for row in fetch(store, "SELECT batch_id FROM action_batches")}
    assert batches == {batch.batch_id for batch in outcome.batches}


def test_several_bad_rows_are_each_found(store: Store) -> None:
    actions = [make_action(metadata=NUL if index in (0, 7, 8) else None) for index in range(9)]
    outcome = accept(store, actions)
    assert outcome.unstorable == {actions[index].action_id for index in (0, 7, 8)}
    assert len(accepted_ids(outcome)) == 6


def test_a_taken_name_gets_a_suffix_of_the_player_s_id(store: Store) -> None:
    make_player(store, username="ada")
    newcomers = [uuid4(), uuid4()]
    accept(store, [make_action(user_id=user, username="ADA") for user in newcomers])
    names = {
        row.user_id: row.username for row in fetch(store, "SELECT user_id, username FROM users")
    }
    for user in newcomers:
        assert names[user] == f"ADA-{user.hex[:12]}"


def test_a_player_whose_names_are_all_taken_still_plays(store: Store) -> None:
    user = uuid4()
    name = f"player-{user.hex[:12]}"
    for taken in (name, f"{name}-{user.hex[:12]}"):
        make_player(store, username=taken)
    outcome = accept(store, [make_action(user_id=user)])
    assert outcome.unstorable == frozenset()
    (row,) = fetch(store, "SELECT username FROM users WHERE user_id = :user", user=user)
    assert row.username not in (name, f"{name}-{user.hex[:12]}")


def test_a_known_player_keeps_the_name_whatever_the_token_claims(store: Store) -> None:
    player = make_player(store, username="ada")
    accept(store, [make_action(user_id=player.user_id, username="eve")])
    assert [row.username for row in fetch(store, "SELECT username FROM users")] == ["ada"]
