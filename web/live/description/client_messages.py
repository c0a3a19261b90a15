"""What a client may say on a WebSocket."""

from domain.boards.model import TOP_SIZE
from domain.rankings.counting import MAX_SEGMENT_LENGTH
from web.live.description.common import MESSAGE_ID, TOP
from web.live.description.message import DescribedMessage, Schema, constant, record, text, whole
from web.live.protocol import (
    DEFAULT_BOARD_NEIGHBORS,
    DEFAULT_LIMIT,
    DEFAULT_NEIGHBORS,
    MAX_EPOCH_LENGTH,
    MAX_NEIGHBORS,
    MAX_SEQ,
)

_ID: Schema = {**MESSAGE_ID, "description": "Comes back in the answer"}
_CHANNEL = text(
    "`user:self`, `leaderboard`, `around:self`, `leaderboard:{board}` or `around:{board}:self`"
)
_SINCE = record(
    {
        "epoch": text("The epoch of the last event that was heard", maxLength=MAX_EPOCH_LENGTH),
        "seq": whole("Its position", minimum=0, maximum=MAX_SEQ),
    }
)

CLIENT_MESSAGES = (
    DescribedMessage(
        name="subscribe",
        summary="Follow a channel: another subscription of it replaces the first",
        fields={
            "op": constant("subscribe"),
            "id": _ID,
            "channel": _CHANNEL,
            "limit": whole(
                "How many rows: of the first ones, or on either side of the client's own, at most"
                f" {MAX_NEIGHBORS} there. By default {DEFAULT_LIMIT}, and around"
                f" {DEFAULT_NEIGHBORS}, on a board {DEFAULT_BOARD_NEIGHBORS}",
                minimum=1,
                maximum=TOP_SIZE,
            ),
            "segment": text(
                "Which part of a board that is split", minLength=1, maxLength=MAX_SEGMENT_LENGTH
            ),
            "since": {**_SINCE, "description": "Ask for what was missed after this position"},
        },
        optional=frozenset({"id", "limit", "segment", "since"}),
        examples=[
            {"op": "subscribe", "id": 1, "channel": TOP, "limit": 10},
            {
                "op": "subscribe",
                "id": 2,
                "channel": "leaderboard:weekly",
                "segment": "DE",
                "since": {"epoch": "8fc6b1d20a37e945", "seq": 41},
            },
        ],
    ),
    DescribedMessage(
        name="unsubscribe",
        summary="Stop following a channel",
        fields={"op": constant("unsubscribe"), "id": _ID, "channel": _CHANNEL},
        optional=frozenset({"id"}),
        examples=[{"op": "unsubscribe", "id": 3, "channel": TOP}],
    ),
    DescribedMessage(
        name="ping",
        summary="Ask for a `pong`, for clients that cannot send WebSocket pings",
        fields={"op": constant("ping"), "id": _ID},
        optional=frozenset({"id"}),
        examples=[{"op": "ping", "id": 4}],
    ),
    DescribedMessage(
        name="auth",
        summary="Present a newer token of the same user, so that the connection outlives the old",
        fields={"op": constant("auth"), "id": _ID, "token": text("An access token", minLength=1)},
        optional=frozenset({"id"}),
        examples=[{"op": "auth", "id": 5, "token": "eyJhbGciOi…"}],
    ),
)
