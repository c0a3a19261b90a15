"""What a batch does to scores: the same whatever the order of work, and never too much."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID, uuid4

from hypothesis import given
from hypothesis import strategies as st

from domain.actions.effects import Effects, Score, ScreenedAction, apply_actions
from domain.actions.model import MAX_TOTAL_SCORE, Status

ADA = UUID(int=1)
BOB = UUID(int=2)
NEW = Score(0, None)


def make_screened(number: int, score: int, **overrides: Any) -> ScreenedAction:
    values: dict[str, Any] = {
        "action_id": uuid4(),
        "action_no": number,
        "user_id": ADA,
        "score": score,
        "status": Status.APPLIED,
        "reason": None,
    }
    return ScreenedAction(**{**values, **overrides})


def apply_one_by_one(actions: Sequence[ScreenedAction], score: Score = NEW) -> Score:
    for action in actions:
        (change,) = apply_actions([action], {ADA: score}).users
        score = change.score
    return score


def outcomes(effects: Effects) -> list[tuple[Status, str | None, int | None, int | None]]:
    return [
        (effect.status, effect.reason, effect.previous_score, effect.new_score)
        for effect in effects.actions
    ]


numbered_scores = st.lists(st.integers(min_value=0, max_value=3), min_size=1, max_size=8).map(
    lambda scores: [make_screened(number, score) for number, score in enumerate(scores, 1)]
)


@given(numbered_scores, st.randoms())
def test_the_score_does_not_depend_on_the_order_of_work(
    actions: list[ScreenedAction], random: Any
) -> None:
    in_order = apply_one_by_one(actions)
    shuffled = random.sample(actions, len(actions))
    assert apply_one_by_one(shuffled) == in_order
    (change,) = apply_actions(actions, {ADA: NEW}).users
    assert change.score == in_order


@given(numbered_scores)
def test_the_tie_breaker_is_the_last_action_that_added_something(
    actions: list[ScreenedAction],
) -> None:
    adding = [action.action_no for action in actions if action.score > 0]
    assert apply_one_by_one(actions).reached_seq == (max(adding) if adding else 1)
    assert apply_one_by_one(actions).score == sum(action.score for action in actions)


def test_an_action_that_adds_nothing_changes_no_rank() -> None:
    assert apply_one_by_one([make_screened(9, 0)], Score(50, 4)) == Score(50, 4)


def test_a_first_action_of_zero_puts_its_player_on_the_board() -> None:
    effects = apply_actions([make_screened(7, 0)], {ADA: NEW})
    assert outcomes(effects) == [(Status.APPLIED, None, 0, 0)]
    assert effects.users[0].score == Score(0, 7)


def test_a_total_reaches_its_limit_and_not_more() -> None:
    almost = Score(MAX_TOTAL_SCORE - 10, 3)
    effects = apply_actions(
        [make_screened(4, 11), make_screened(5, 10), make_screened(6, 0), make_screened(7, 1)],
        {ADA: almost},
    )
    assert outcomes(effects) == [
        (Status.REJECTED, "SCORE_LIMIT", None, None),
        (Status.APPLIED, None, MAX_TOTAL_SCORE - 10, MAX_TOTAL_SCORE),
        (Status.APPLIED, None, MAX_TOTAL_SCORE, MAX_TOTAL_SCORE),
        (Status.REJECTED, "SCORE_LIMIT", None, None),
    ]
    (change,) = effects.users
    assert change.score == Score(MAX_TOTAL_SCORE, 5)
    assert change.applied_actions == 2


def test_rejected_and_held_actions_leave_the_score_alone() -> None:
    effects = apply_actions(
        [
            make_screened(1, 40, status=Status.REJECTED, reason="VELOCITY"),
            make_screened(2, 50, status=Status.QUARANTINED, reason="SCORE_BURST"),
        ],
        {ADA: NEW},
    )
    assert outcomes(effects) == [
        (Status.REJECTED, "VELOCITY", None, None),
        (Status.QUARANTINED, "SCORE_BURST", None, None),
    ]
    assert effects.users == ()


def test_a_held_action_over_the_limit_stays_held() -> None:
    held = make_screened(1, 1, status=Status.QUARANTINED, reason="SCORE_BURST")
    effects = apply_actions([held], {ADA: Score(MAX_TOTAL_SCORE, 1)})
    assert outcomes(effects) == [(Status.QUARANTINED, "SCORE_BURST", None, None)]


def test_players_of_one_batch_do_not_touch_each_other() -> None:
    effects = apply_actions(
        [make_screened(1, 10), make_screened(2, 20, user_id=BOB), make_screened(3, 5)],
        {ADA: NEW, BOB: Score(100, 0)},
    )
    assert [(effect.previous_score, effect.new_score) for effect in effects.actions] == [
        (0, 10),
        (100, 120),
        (10, 15),
    ]
    changes = {change.user_id: change for change in effects.users}
    assert changes[ADA].score == Score(15, 3)
    assert changes[BOB].score == Score(120, 2)
    assert (changes[ADA].applied_actions, changes[BOB].applied_actions) == (2, 1)
