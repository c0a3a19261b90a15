"""What the server says of the connection itself, and in answer to a client's messages."""

from web.live.close_codes import CloseCode
from web.live.description.common import (
    AT,
    EXAMPLE_POSITION,
    MESSAGE_ID,
    OWN,
    POSITION,
    TIMESTAMP,
    TOP,
    event_fields,
)
from web.live.description.message import DescribedMessage, Schema, moment, record, text, whole
from web.live.protocol import HEARTBEAT_SECONDS, MAX_CHANNELS, MAX_MESSAGE_BYTES

ANY_CHANNEL = text("The channel's name", pattern="^[a-z0-9:-]{1,64}$")
_EXPIRES_AT = moment("When the token ends")
_LIMITS: Schema = record(
    {
        "channels": whole("How many channels a connection may have"),
        "messageBytes": whole("How long a client's message may be"),
    }
)

CONNECTION_EVENTS = (
    DescribedMessage(
        name="welcome",
        summary="The first message; the position is that of the client's own channel",
        channels=(OWN,),
        fields=event_fields(
            "welcome",
            connectionId=text("Names the connection in the server's log"),
            heartbeatSeconds=whole("The server pings at least so often"),
            limits=_LIMITS,
            **POSITION,
            timestamp=TIMESTAMP,
        ),
        examples=[
            {
                "event": "welcome",
                "connectionId": "5d3c7a9b1e2f4a6c8b0d2e4f6a8c0b1d",
                "heartbeatSeconds": HEARTBEAT_SECONDS,
                "limits": {"channels": MAX_CHANNELS, "messageBytes": MAX_MESSAGE_BYTES},
                **EXAMPLE_POSITION,
                "timestamp": AT,
            }
        ],
    ),
    DescribedMessage(
        name="subscribed",
        summary=(
            "The answer to `subscribe`; unasked when a channel begins again, or is moved on to a"
            " later position because nothing has happened"
        ),
        fields=event_fields(
            "subscribed",
            ANY_CHANNEL,
            id=MESSAGE_ID,
            **POSITION,
            recovered={
                "type": "boolean",
                "description": "Whether all that was missed follows; else a snapshot does",
            },
        ),
        examples=[
            {
                "event": "subscribed",
                "id": 1,
                "channel": TOP,
                **EXAMPLE_POSITION,
                "recovered": False,
            }
        ],
    ),
    DescribedMessage(
        name="unsubscribed",
        summary="The answer to `unsubscribe`; with a reason when the server has ended a channel",
        fields=event_fields(
            "unsubscribed",
            ANY_CHANNEL,
            id=MESSAGE_ID,
            reason=text("A code of the HTTP API", pattern="^[A-Z_]+$"),
        ),
        optional=frozenset({"reason"}),
        examples=[
            {"event": "unsubscribed", "id": 3, "channel": TOP},
            {
                "event": "unsubscribed",
                "id": None,
                "channel": "leaderboard:weekly",
                "reason": "NOT_FOUND",
            },
        ],
    ),
    DescribedMessage(
        name="pong",
        summary="The answer to `ping`",
        fields=event_fields("pong", id=MESSAGE_ID, timestamp=TIMESTAMP),
        examples=[{"event": "pong", "id": 4, "timestamp": AT}],
    ),
    DescribedMessage(
        name="authenticated",
        summary="The answer to `auth`: the connection lives as long as the newer token",
        fields=event_fields("authenticated", id=MESSAGE_ID, expiresAt=_EXPIRES_AT),
        examples=[{"event": "authenticated", "id": 5, "expiresAt": AT}],
    ),
    DescribedMessage(
        name="auth_expiring",
        summary="A minute before the token ends",
        fields=event_fields("auth_expiring", expiresAt=_EXPIRES_AT),
        examples=[{"event": "auth_expiring", "expiresAt": AT}],
    ),
    DescribedMessage(
        name="error",
        summary="What cannot be done; the connection goes on",
        fields=event_fields(
            "error",
            id=MESSAGE_ID,
            code=text("A code of the HTTP API", pattern="^[A-Z_]+$"),
            message=text("What is wrong, for people"),
        ),
        examples=[
            {
                "event": "error",
                "id": 2,
                "code": "FORBIDDEN",
                "message": "Another user's channel is private",
            }
        ],
    ),
    DescribedMessage(
        name="going_away",
        summary="The server stops: come back after so long",
        fields=event_fields(
            "going_away", retryAfterMs=whole("Differs from client to client", minimum=0)
        ),
        examples=[{"event": "going_away", "retryAfterMs": 1234}],
    ),
)

END_EVENT = DescribedMessage(
    name="end",
    summary="The last event of a stream, sent as `event: end`",
    fields=event_fields(
        "end",
        code={
            "type": "integer",
            "enum": [int(code) for code in CloseCode],
            "description": "The close code that a WebSocket would have",
        },
        reason=text("Why, for people"),
    ),
    examples=[{"event": "end", "code": 4401, "reason": "the token has ended"}],
)
"""Of streams only: a WebSocket has its close frame."""
