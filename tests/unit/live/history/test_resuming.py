"""A client that comes back is told all that it missed, or that it must start again."""

from uuid import UUID

import pytest

from domain.boards.model import Top
from domain.events.steps import encode_steps
from domain.events.wire import parse_bus_message
from tests.unit.live.history.resuming_client import LEADERBOARD, OWN
from tests.unit.live.history.scripted_board import BOARD, NOW
from tests.unit.live.history.test_flushing import Watched
from web.live.channels import Channel, View, ViewKey
from web.live.history.resuming import Outcome, judge_since
from web.live.history.ring import Bounds, Ring
from web.live.protocol import NO_POSITION, Position


def make_top(seq: int) -> Top:
    """Return an empty top at this position."""
    return Top(BOARD, "e0", seq, 0, (), NOW)


def make_ring(*seqs: int) -> Ring[Top]:
    """Return a ring with these positions."""
    ring: Ring[Top] = Ring()
    ring.restart(Position("e0", seqs[0]), make_top(seqs[0]))
    for seq in seqs[1:]:
        ring.append(Position("e0", seq), make_top(seq))
    return ring


@pytest.mark.parametrize(
    ("since", "is_pending", "outcome"),
    [
        (Position("e0", 15), False, Outcome.RECOVERED),
        (Position("e0", 13), True, Outcome.RECOVERED),
        (Position("e0", 10), False, Outcome.RECOVERED),
        (Position("e0", 9), False, Outcome.EXPIRED),
        (Position("e0", 17), False, Outcome.RECOVERED),
        (Position("e0", 17), True, Outcome.AHEAD),
        (Position("e0", 19), False, Outcome.AHEAD),
        (Position("e9", 13), False, Outcome.EPOCH),
        (Position("e9", 17), False, Outcome.EPOCH),
        (NO_POSITION, False, Outcome.LOST),
    ],
)
def test_what_becomes_of_a_position(since: Position, is_pending: bool, outcome: Outcome) -> None:
    ring = make_ring(*range(10, 19))
    own = Channel(BOARD, Position("e0", 15))
    view = View(ViewKey(BOARD, 10), Position("e0", 15), make_top(15))
    for channel in (own, view):
        channel.is_pending = is_pending
        assert judge_since(ring, channel, since) is outcome


def test_a_view_does_not_resume_from_a_state_that_is_not_known() -> None:
    ring: Ring[Top] = Ring()
    ring.restart(Position("e0", 4), None)
    ring.append(Position("e0", 5), make_top(5))
    since = Position("e0", 4)
    own = Channel(BOARD, Position("e0", 5))
    view = View(ViewKey(BOARD, 10), Position("e0", 5), make_top(5))
    assert judge_since(ring, own, since) is Outcome.RECOVERED
    assert judge_since(ring, view, since) is Outcome.EXPIRED


def test_nothing_ever_happened_and_nothing_was_missed() -> None:
    watched = Watched()
    client = watched.come(3)
    assert client.positions == {OWN: ("e0", 0), LEADERBOARD: ("e0", 0)}
    client.leave(watched.hub)
    client.connect(watched.hub)
    client.resume(watched.hub)
    assert client.outcome(OWN)
    assert client.outcome(LEADERBOARD)
    assert client.positions == {OWN: ("e0", 0), LEADERBOARD: ("e0", 0)}


def test_what_was_missed_comes_as_events_and_the_rank_of_now_is_the_last() -> None:
    watched = Watched()
    client = watched.come(3)
    client.leave(watched.hub)
    watched.act((3, 1), (5, 100))
    watched.act((3, 2))
    client.connect(watched.hub)
    client.resume(watched.hub)
    own = [event for event in client.events if event["channel"] == OWN]
    assert [event["event"] for event in own] == [
        "subscribed",
        "score_updated",
        "score_updated",
        "user_position_changed",
    ]
    assert [event.get("scoreIncrease") for event in own[1:]] == [1, 2, 0]
    assert {(event["from"], event["seq"]) for event in own[1:]} == {(0, 2)}
    last = own[-1]
    assert (last["newRank"], last["previousRank"], last["reason"]) == (2, None, "resumed")
    board = [event for event in client.events if event["channel"] == LEADERBOARD]
    assert [event["event"] for event in board] == [
        "subscribed",
        "score_updated",
        "score_updated",
        "leaderboard_changed",
    ]
    assert [(event["userId"], event["merged"]) for event in board[1:3]] == [
        (str(UUID(int=5)), 1),
        (str(UUID(int=3)), 2),
    ]


def test_a_process_that_has_just_started_knows_all_own_actions_that_the_stream_has() -> None:
    watched = Watched()
    client = watched.come(3)
    client.leave(watched.hub)
    watched.act((3, 1))
    watched.restart()
    client.connect(watched.hub)
    client.resume(watched.hub)
    assert client.outcome(OWN)
    assert client.kinds(OWN) == ["subscribed", "score_updated", "user_position_changed"]
    # The rows before the first message that is kept are not known.
    assert not client.outcome(LEADERBOARD)


def test_a_ring_forgets_by_age_count_and_bytes_and_keeps_some_however_old() -> None:
    seconds = [0.0]
    bounds = Bounds(seconds=10, messages=3, most_messages=6, most_bytes=100_000)
    ring: Ring[str] = Ring(bounds=bounds, clock=lambda: seconds[0])
    ring.restart(Position("e0", 0), "0")
    for seq in range(1, 10):
        ring.append(Position("e0", seq), str(seq))
    assert ring.covers(Position("e0", 3))
    assert not ring.covers(Position("e0", 2))
    seconds[0] = 60
    ring.append(Position("e0", 10), "10")
    assert [seq for seq in range(11) if ring.covers(Position("e0", seq))] == [7, 8, 9, 10]
    assert ring.state_at(Position("e0", 7)) == "7"
    assert ring.state_at(Position("e0", 6)) is None
    ring.append(Position("e0", 11), "11", state_bytes=200_000)
    assert (len(ring), ring.state, ring.head.seq) == (1, "11", 11)


def test_what_was_dropped_is_no_step_any_more() -> None:
    board = Watched().board
    ring: Ring[Top] = Ring(bounds=Bounds(messages=2, most_messages=2))
    ring.restart(Position("e0", 0), make_top(0))
    user = UUID(int=3)
    for _ in range(7):
        message = parse_bus_message(board.act((3, 1)))
        ring.append(
            Position("e0", message.seq),
            message.top,
            steps=encode_steps(message),
            acting=message.acting,
        )
        step = ring.find_step(user, after=0, upto=message.seq)
        assert step is not None
        assert len(step.actions) == min(message.seq, 2)
        assert step.score == message.scores[user]
    for seq in (8, 9, 10):
        ring.append(Position("e0", seq), make_top(seq))
    assert ring.find_step(user, after=0, upto=10) is None
