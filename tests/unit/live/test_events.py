"""The events of bus messages, for the listeners of a user and for those of a view."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.boards.model import GLOBAL_BOARD, Standing, Top
from domain.events.changes import (
    MAX_SINGLE_UPDATES,
    RankChanged,
    ScoreUpdated,
    find_view_change,
    list_own_events,
)
from domain.events.steps import NO_STEPS, UserStep, encode_steps, find_step, join_steps
from domain.events.wire import BusMessage, RankMove

NOW = datetime(2025, 8, 8, 10, tzinfo=UTC)
ADA, BOB, EVE = (UUID(int=number) for number in (1, 2, 3))


def make_top(*rows: tuple[UUID, int], total: int | None = None) -> Top:
    """Return the top with these users in this order."""
    standings = tuple(
        Standing(rank, user, f"u{user.int}", score, NOW)
        for rank, (user, score) in enumerate(rows, start=1)
    )
    return Top(GLOBAL_BOARD, "epoch", 1, len(rows) if total is None else total, standings, NOW)


def make_message(
    actions: Sequence[tuple[UUID, int, int]],
    ranks: dict[UUID, tuple[int | None, int | None]],
    top: Top,
) -> BusMessage:
    """Return a message whose actions are (user, previous, new)."""
    return BusMessage(
        GLOBAL_BOARD,
        "epoch",
        2,
        [[str(uuid4()), str(user), old, new, new - old] for user, old, new in actions],
        {user: RankMove(*move) for user, move in ranks.items()},
        top,
    )


def step_of(message: BusMessage, user: UUID) -> UserStep:
    """Return what the message says of a user who is in it."""
    step = find_step(encode_steps(message), user)
    assert step is not None
    return step


def own_events(message: BusMessage, user: UUID) -> list[ScoreUpdated | RankChanged]:
    """Return the events of a user who is in the message."""
    return list_own_events(user, step_of(message, user))


def test_every_action_is_an_event_of_its_user_in_order_of_effect() -> None:
    message = make_message([(ADA, 0, 5), (BOB, 0, 1), (ADA, 5, 5)], {ADA: (1, 1)}, make_top())
    first, second = own_events(message, ADA)
    assert isinstance(first, ScoreUpdated)
    assert isinstance(second, ScoreUpdated)
    assert [(e.previous_score, e.new_score, e.score_increase) for e in (first, second)] == [
        (0, 5, 5),
        (5, 5, 0),
    ]
    assert (first.action_id, second.action_id) == (
        message.actions[0].action_id,
        message.actions[2].action_id,
    )
    assert (first.new_rank, first.merged) == (1, 1)


def test_the_steps_of_a_message_are_those_of_its_users() -> None:
    message = make_message([(ADA, 0, 5), (BOB, 0, 1), (ADA, 5, 6)], {BOB: (None, 7)}, make_top())
    steps = encode_steps(message)
    assert find_step(steps, EVE) is None
    assert find_step(steps, BOB) == UserStep((message.actions[1],), RankMove(None, 7), None)
    assert step_of(message, ADA).actions == (message.actions[0], message.actions[2])
    assert encode_steps(make_message([], {}, make_top())) == NO_STEPS


def test_steps_that_follow_each_other_are_one() -> None:
    first = make_message([(ADA, 0, 5)], {ADA: (9, 4)}, make_top())
    last = make_message([(ADA, 5, 6)], {ADA: (4, 3)}, make_top())
    joined = join_steps([step_of(first, ADA), step_of(last, ADA)])
    assert joined == UserStep((*first.actions, *last.actions), RankMove(9, 3), None)
    assert join_steps([joined]) is joined


def test_a_backlog_of_one_user_is_merged_into_one_event() -> None:
    count = MAX_SINGLE_UPDATES + 1
    message = make_message([(ADA, n, n + 1) for n in range(count)], {}, make_top())
    (event,) = own_events(message, ADA)
    assert event == ScoreUpdated(ADA, message.actions[-1].action_id, 0, count, count, None, count)


@pytest.mark.parametrize(
    ("move", "reason"),
    [((None, 4), "advanced"), ((5, 4), "advanced"), ((3, 4), "overtaken")],
)
def test_a_rank_change_has_its_reason(move: tuple[int | None, int], reason: str) -> None:
    message = make_message([(ADA, 0, 5)], {ADA: move}, make_top())
    assert own_events(message, ADA)[-1] == RankChanged(ADA, 5, 4, move[0], reason)


@pytest.mark.parametrize("move", [(4, 4), (4, None), (None, None)])
def test_an_unchanged_or_unknown_rank_is_no_event(move: tuple[int | None, int | None]) -> None:
    message = make_message([(ADA, 0, 5)], {ADA: move}, make_top())
    (event,) = own_events(message, ADA)
    assert isinstance(event, ScoreUpdated)


def change(message: BusMessage, before: Top, limit: int) -> Any:
    """Return the change of a view that did change."""
    steps = encode_steps(message)
    found = find_view_change(before, message.top, limit, lambda user: find_step(steps, user))
    assert found is not None
    return found


def test_a_view_gets_the_users_who_were_in_it_and_those_who_are() -> None:
    before, after = make_top((ADA, 5), (BOB, 4), (EVE, 3)), make_top((EVE, 9), (ADA, 5), (BOB, 4))
    found = change(make_message([(EVE, 3, 9)], {EVE: (3, 1)}, after), before, 2)
    assert [update.user_id for update in found.updates] == [EVE]
    assert [(c.standing.user_id, c.previous_rank) for c in found.diff.changes] == [
        (EVE, 3),
        (ADA, 1),
    ]
    assert found.diff.removed == (BOB,)


def test_a_user_pushed_out_by_others_in_the_same_batch_is_still_updated() -> None:
    before, after = make_top((ADA, 5), (BOB, 4)), make_top((BOB, 9), (ADA, 6))
    message = make_message([(ADA, 5, 6), (BOB, 4, 9)], {ADA: (1, 2), BOB: (2, 1)}, after)
    found = change(message, before, 1)
    assert [(u.user_id, u.new_rank) for u in found.updates] == [(BOB, 1), (ADA, 2)]


def test_several_actions_are_one_update_of_a_view() -> None:
    top = make_top((ADA, 9))
    found = change(make_message([(ADA, 5, 6), (ADA, 6, 9)], {ADA: (1, 1)}, top), top, 10)
    (update,) = found.updates
    assert (update.previous_score, update.new_score, update.score_increase, update.merged) == (
        5,
        9,
        4,
        2,
    )


def test_a_change_outside_a_view_is_no_change_of_it() -> None:
    before, after = make_top((ADA, 5), (BOB, 1)), make_top((ADA, 5), (BOB, 2))
    steps = encode_steps(make_message([(BOB, 1, 2)], {BOB: (2, 2)}, after))
    assert find_view_change(before, after, 1, lambda user: find_step(steps, user)) is None


def test_a_changed_number_of_users_changes_a_view() -> None:
    before, after = make_top((ADA, 5), total=7), make_top((ADA, 5), total=8)
    found = change(make_message([], {}, after), before, 1)
    assert (found.total_users, found.diff.is_empty) == (8, True)
