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
        ({"channel": "around:open:somebody"}, "FORBIDDEN"),
        ({"channel": "around:global:somebody"}, "FORBIDDEN"),
        ({"channel": "around:2c6f1f7e-8d5c-4b7e-9d0a-1a2b3c4d5e6f"}, "FORBIDDEN"),
        ({"channel": "around:self:self:self"}, "NOT_FOUND"),
        ({"channel": "around:self", "segment": "DE"}, "INVALID_PAYLOAD"),
        ({"channel": "around:self", "limit": 11}, "INVALID_PAYLOAD"),
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


def test_a_connection_has_at_most_so_many_channels_of_all_kinds(
    server: Server, connect: Connect, store: Store
) -> None:
    prefix = uuid4().hex[:8]
    for number in range(15):
        make_board(store, f"{prefix}-{number}")
    boards = [f"{prefix}-{number}" for number in range(15)]
    channels = ["leaderboard", "around:self", *(f"leaderboard:{board}" for board in boards)]
    channels += [f"around:{board}:self" for board in boards]
    listener = connect(server)

    def follow(channel: str, **options: Any) -> dict[str, Any]:
        """Subscribe, and return what the last answer is."""
        listener.say(op="subscribe", channel=channel, id=channel, **options)
        event = listener.hear()
        return listener.hear() if event["event"] == "subscribed" else event

    # With one's own, which is always on, there are 33.
    for channel in channels[:-1]:
        assert follow(channel)["event"] == "snapshot"
    assert follow(channels[-1])["code"] == "INVALID_PAYLOAD"
    # What is followed already is replaced, and what has ended leaves room.
    for channel in ("user:self", channels[0], channels[1], channels[2]):
        assert follow(channel, limit=1)["event"] == "snapshot"
    for left, taken in ((channels[1], channels[-1]), (channels[0], channels[1])):
        listener.say(op="unsubscribe", channel=left, id="left")
        listener.hear_until("unsubscribed", id="left")
        assert follow(taken)["event"] == "snapshot"
    assert follow(channels[0])["code"] == "INVALID_PAYLOAD"
