"""The channels of the Python client: events in, rows out, and holes that are noticed."""

from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from laurel_client import LiveEndedError
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
    assert "since" not in asked
    assert [each.user_id for each in board.rows] == [UUID(ANN)]


def test_after_a_loss_every_channel_asks_for_what_it_missed() -> None:
    state = LiveState()
    board = state.follow("leaderboard")
    hear(state, snapshot(4, row(ANN, 50, 1)))
    state.closed(1006, "")
    assert not board.is_current
    asked = {each["channel"]: each for each in map(orjson.loads, state.opened())}
    assert asked["leaderboard"]["since"] == {"epoch": "e", "seq": 4}
    assert "since" not in asked[OWN]
    answer = {"event": "subscribed", "channel": "leaderboard", "epoch": "e", "seq": 6}
    hear(state, {**answer, "id": 9, "recovered": True})
    assert board.is_current


def test_what_comes_before_the_answer_to_a_resume_is_told_by_the_answer() -> None:
    def own(since: int, seq: int, event_id: str) -> dict[str, Any]:
        return {
            "event": "score_updated",
            "channel": OWN,
            "epoch": "e",
            "from": since,
            "seq": seq,
            "actionId": event_id,
        }

    def receive(event: dict[str, Any]) -> dict[str, Any] | None:
        event_or_none, answers = state.receive(orjson.dumps(event))
        assert answers == []
        return event_or_none

    state = LiveState()
    answer = {"event": "subscribed", "channel": OWN, "epoch": "e", "seq": 4, "recovered": False}
    receive(answer | {"id": 1})
    state.closed(1006, "")
    list(state.opened())
    assert receive(own(8, 9, "late")) is None
    assert receive(answer | {"id": None, "recovered": True}) is not None
    assert receive(own(8, 9, "late")) is None
    assert receive(answer | {"id": 2, "recovered": True}) is not None
    told = [receive(own(4, 6, "missed")), receive(own(6, 9, "late"))]
    assert [each and each["actionId"] for each in told] == ["missed", "late"]


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
