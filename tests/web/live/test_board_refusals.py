"""Channels of boards that nobody may follow, and how many one may."""

from typing import Any
from uuid import uuid4

import pytest

from domain.store.store import Store
from tests.rankings import make_board
from tests.web.live.conftest import Connect
from tests.web.live.server import Server


@pytest.mark.parametrize(
    ("message", "code"),
    [
        ({"channel": "leaderboard:nobody-made-it"}, "NOT_FOUND"),
        ({"channel": "leaderboard:Not-A-Slug"}, "NOT_FOUND"),
        ({"channel": "leaderboard:"}, "NOT_FOUND"),
        ({"channel": "leaderboard:open:more"}, "NOT_FOUND"),
        ({"channel": "around:open"}, "NOT_FOUND"),
        ({"channel": "around:global:self"}, "NOT_FOUND"),
        ({"channel": "around:open:somebody"}, "FORBIDDEN"),
        ({"channel": "leaderboard:secret"}, "NOT_FOUND"),
        ({"channel": "around:secret:self"}, "NOT_FOUND"),
        ({"channel": "leaderboard:split"}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard:open", "segment": "DE"}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard", "segment": "DE"}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard:split", "segment": 5}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard:split", "segment": ""}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard:split", "segment": "x" * 65}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard:split", "segment": "x\0"}, "INVALID_PAYLOAD"),
        ({"channel": "leaderboard:open", "limit": 101}, "INVALID_PAYLOAD"),
        ({"channel": "around:open:self", "limit": 11}, "INVALID_PAYLOAD"),
        ({"channel": "around:open:self", "limit": 0}, "INVALID_PAYLOAD"),
    ],
)
def test_what_nobody_may_follow(
    server: Server, connect: Connect, store: Store, message: dict[str, Any], code: str
) -> None:
    make_board(store, "open")
    make_board(store, "secret", readers="admins")
    make_board(store, "split", segment="player.country")
    listener = connect(server)
    listener.say(op="subscribe", id=3, **message)
    error = listener.hear()
    assert (error["event"], error["id"], error["code"]) == ("error", 3, code)


def test_a_connection_has_at_most_so_many_channels(
    server: Server, connect: Connect, store: Store
) -> None:
    prefix = uuid4().hex[:8]
    for number in range(31):
        make_board(store, f"{prefix}-{number}")
    listener = connect(server)
    for number in range(31):
        listener.say(op="subscribe", channel=f"leaderboard:{prefix}-{number}", id=number)
        event = listener.hear_until("snapshot" if number < 30 else "error")
    assert event["code"] == "INVALID_PAYLOAD"
    listener.say(op="subscribe", channel=f"leaderboard:{prefix}-3", id=3, limit=1)
    listener.hear_until("snapshot")
