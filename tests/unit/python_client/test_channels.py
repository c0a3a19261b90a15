"""The channels of the Python client: events in, rows out, and holes that are noticed."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from laurel_client import LiveEndedError, UnreachableError
from laurel_client.channels import OWN
from laurel_client.live_state import LiveState

ANN, BOB, CAT = sorted(str(uuid4()) for _ in range(3))


def row(user_id: str, score: int, rank: int, **fields: Any) -> dict[str, Any]:
    return {"userId": user_id, "username": "x", "score": score, "rank": rank, **fields}


def snapshot(seq: int, *rows: dict[str, Any], epoch: str = "e") -> dict[str, Any]:
    return {
        "event": "snapshot",
        "channel": "leaderboard",
        "epoch": epoch,
        "seq": seq,
        "leaderboard": list(rows),
        "totalUsers": len(rows),
        "you": None,
    }


def changed(since: int, seq: int, *changes: dict[str, Any], removed: tuple[str, ...] = ()) -> Any:
    return {
        "event": "leaderboard_changed",
        "channel": "leaderboard",
        "epoch": "e",
        "from": since,
        "seq": seq,
        "changes": [{**each, "newRank": each["rank"]} for each in changes],
        "removed": list(removed),
        "totalUsers": 2,
    }


def subscribed(channel: str, seq: int, number: int) -> dict[str, Any]:
    event = {"event": "subscribed", "id": number, "channel": channel, "recovered": True}
    return event | {"epoch": "e", "seq": seq}


def tell(state: LiveState, event: dict[str, Any]) -> dict[str, Any] | None:
    told, answers = state.receive(orjson.dumps(event))
    assert answers == []
    return told


def hear(state: LiveState, event: dict[str, Any]) -> list[dict[str, Any]]:
    _, answers = state.receive(orjson.dumps(event))
    return [orjson.loads(answer) for answer in answers]


def test_changes_applied_to_a_snapshot_are_the_next_one() -> None:
    state = LiveState()
    board = state.follow("leaderboard", limit=2)
    hear(state, snapshot(4, row(ANN, 50, 1), row(BOB, 40, 2)))
    assert board.is_current
    assert hear(state, changed(4, 6, row(CAT, 60, 1), row(ANN, 50, 2), removed=(BOB,))) == []
    assert [(each.user_id, each.rank) for each in board.rows] == [(UUID(CAT), 1), (UUID(ANN), 2)]
    # Events of one flush share their position.
    assert hear(state, changed(4, 6)) == []


def test_a_hole_asks_for_the_channel_again_and_changes_nothing() -> None:
    state = LiveState()
    board = state.follow("leaderboard", limit=2)
    hear(state, snapshot(4, row(ANN, 50, 1)))
    (asked,) = hear(state, changed(5, 6, row(BOB, 90, 1)))
    assert (asked["op"], asked["channel"], asked["limit"]) == ("subscribe", "leaderboard", 2)
    assert asked["since"] == {"epoch": "e", "seq": 4}
    assert [each.user_id for each in board.rows] == [UUID(ANN)]
    assert not board.is_current
    # What was on its way meanwhile is among what follows the answer.
    assert tell(state, changed(6, 7)) is None
    assert tell(state, subscribed("leaderboard", 7, asked["id"])) is not None
    assert tell(state, changed(4, 7, row(BOB, 90, 1), row(ANN, 50, 2))) is not None
    assert [each.user_id for each in board.rows] == [UUID(BOB), UUID(ANN)]
    assert board.is_current


def test_an_action_between_the_welcome_and_the_answer_is_told_once() -> None:
    state = LiveState()
    (asked,) = map(orjson.loads, state.opened())
    tell(state, subscribed(OWN, 3, asked["id"]))
    state.lost()
    (asked,) = map(orjson.loads, state.opened())
    assert asked["since"] == {"epoch": "e", "seq": 3}
    action = {"event": "score_updated", "channel": OWN, "epoch": "e", "seq": 9}
    told = [
        tell(state, action | {"from": 8}),
        tell(state, subscribed(OWN, 9, asked["id"])),
        tell(state, action | {"from": 3}),
        tell(state, action | {"from": 9, "seq": 10}),
    ]
    assert [event and event.get("from") for event in told] == [None, None, 3, 9]


@pytest.mark.parametrize("code", ["SERVICE_UNAVAILABLE", "RATE_LIMIT_EXCEEDED"])
def test_a_question_that_cannot_be_answered_now_is_asked_on_another_connection(code: str) -> None:
    with pytest.raises(UnreachableError):
        tell(LiveState(), {"event": "error", "id": 1, "code": code, "message": "not now"})
    assert tell(LiveState(), {"event": "error", "id": 1, "code": "NOT_FOUND", "message": "no"})


def test_after_a_loss_every_channel_asks_for_what_it_missed() -> None:
    state = LiveState()
    board = state.follow("leaderboard")
    hear(state, snapshot(4, row(ANN, 50, 1)))
    state.closed(1006, "")
    assert not board.is_current
    asked = {each["channel"]: each for each in map(orjson.loads, state.opened())}
    assert asked["leaderboard"]["since"] == {"epoch": "e", "seq": 4}
    assert "since" not in asked[OWN]
    hear(state, subscribed("leaderboard", 6, asked["leaderboard"]["id"]))
    assert board.is_current


def test_how_the_server_closes_says_whether_to_come_back() -> None:
    state = LiveState()
    hear(state, {"event": "going_away", "retryAfterMs": 1500})
    state.closed(1001, "going_away")
    assert state.next_delay() == 1.5
    assert state.next_delay() <= 0.5
    state.closed(4401, "the token has ended")
    assert state.renews_token
    with pytest.raises(LiveEndedError, match="4503"):
        state.closed(4503, "banned")


def test_shared_ranks_keep_the_order_of_the_board() -> None:
    state = LiveState()
    board = state.follow("leaderboard:weekly")
    event = snapshot(1, row(BOB, 5, 1, index=1), row(ANN, 5, 1, index=0))
    hear(state, event | {"channel": "leaderboard:weekly"})
    assert [each.user_id for each in board.rows] == [UUID(ANN), UUID(BOB)]
