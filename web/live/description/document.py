"""The AsyncAPI 3.0 document of the live process, for `GET /asyncapi.json`.

Made of the messages that are described beside this module. Operations are the server's: it
receives what clients say, and sends events.
"""

from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlsplit

from web.live.close_codes import CloseCode
from web.live.description.board_events import BOARD_EVENTS
from web.live.description.client_messages import CLIENT_MESSAGES
from web.live.description.common import COMPONENTS
from web.live.description.connection_events import CONNECTION_EVENTS, END_EVENT
from web.live.description.leaderboard_events import LEADERBOARD_EVENTS
from web.live.description.message import DescribedMessage
from web.live.protocol import MAX_CHANNELS, SUBPROTOCOL

SERVER_EVENTS = (*CONNECTION_EVENTS, *LEADERBOARD_EVENTS, *BOARD_EVENTS)
"""Every event of a WebSocket; a stream has END_EVENT beside those."""

# These answer messages that the client of a stream cannot send.
_OF_SOCKETS_ONLY = ("pong", "authenticated")
STREAM_EVENTS = (
    *(event for event in SERVER_EVENTS if event.name not in _OF_SOCKETS_ONLY),
    END_EVENT,
)

DESCRIPTION = (
    "Leaderboards as they change: a snapshot, and then what changes it. Every event of a channel"
    " carries the channel's position, from which a client goes on after an interruption."
)


def make_asyncapi(socket_url: str) -> dict[str, Any]:
    """Return the document of the server with this WebSocket address."""
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Laurel, live",
            "version": "1",
            "description": DESCRIPTION,
            "tags": [{"name": name} for name in _list_channels()],
        },
        "defaultContentType": "application/json",
        "servers": _describe_servers(socket_url),
        "channels": {
            "socket": _describe_socket(),
            "stream": _describe_stream(),
        },
        "operations": {
            "hear": _operation("receive", "socket", CLIENT_MESSAGES, "What a client says"),
            "tell": _operation("send", "socket", SERVER_EVENTS, "What a client is told"),
            "stream": _operation("send", "stream", STREAM_EVENTS, "What a stream's client is told"),
        },
        "components": {
            "schemas": dict(COMPONENTS),
            "messages": {
                message.name: _describe(message)
                for message in (*CLIENT_MESSAGES, *SERVER_EVENTS, END_EVENT)
            },
            "securitySchemes": _describe_security(),
        },
        "x-close-codes": {str(int(code)): code.name for code in CloseCode},
    }


def _describe_servers(socket_url: str) -> dict[str, Any]:
    address = urlsplit(socket_url)
    path = address.path.removesuffix("/ws")
    server: dict[str, Any] = {"host": address.netloc, **({"pathname": path} if path else {})}
    bearer, ticket = ({"$ref": f"#/components/securitySchemes/{name}"} for name in _SECURITY)
    is_secure = address.scheme == "wss"
    return {
        "sockets": {**server, "protocol": address.scheme, "security": [bearer, ticket]},
        "streams": {
            **server,
            "protocol": "https" if is_secure else "http",
            "security": [bearer],
        },
    }


def _describe_socket() -> dict[str, Any]:
    return {
        "address": "/ws",
        "title": f"A WebSocket with the subprotocol {SUBPROTOCOL}",
        "description": "Each message is one JSON object in a text frame.",
        "servers": [{"$ref": "#/servers/sockets"}],
        "messages": _refer((*CLIENT_MESSAGES, *SERVER_EVENTS)),
        "bindings": {
            "ws": {
                "method": "GET",
                "headers": {
                    "type": "object",
                    "properties": {
                        "Sec-WebSocket-Protocol": {
                            "type": "string",
                            "description": f"`{SUBPROTOCOL}`, and `ticket.<ticket>` with a ticket",
                        }
                    },
                },
            }
        },
    }


def _describe_stream() -> dict[str, Any]:
    parameters = {
        "channels": f"Names with commas between them, at most {MAX_CHANNELS} with `user:self`",
        "limit": "How many first rows, as `limit` of `subscribe`",
        "neighbors": "How many rows on either side of the client's own",
        "segment": "Which part of the boards that are split",
    }
    names = "&".join(f"{name}={{{name}}}" for name in parameters)
    return {
        "address": f"/api/stream?{names}",
        "title": "Server-sent events",
        "description": (
            "Each message is the data of one event. The last id, sent back as `Last-Event-ID`,"
            " resumes every channel. All parameters but `channels` may be left out."
        ),
        "servers": [{"$ref": "#/servers/streams"}],
        "parameters": {name: {"description": text} for name, text in parameters.items()},
        "messages": _refer(STREAM_EVENTS),
    }


def _operation(
    action: str, channel: str, messages: Sequence[DescribedMessage], summary: str
) -> dict[str, Any]:
    return {
        "action": action,
        "channel": {"$ref": f"#/channels/{channel}"},
        "summary": summary,
        "messages": [{"$ref": f"#/channels/{channel}/messages/{one.name}"} for one in messages],
    }


def _describe(message: DescribedMessage) -> dict[str, Any]:
    return {
        "name": message.name,
        "summary": message.summary,
        "payload": message.schema,
        "tags": [{"name": channel} for channel in message.channels],
        "examples": [{"payload": example} for example in message.examples],
    }


def _refer(messages: Sequence[DescribedMessage]) -> dict[str, Any]:
    return {one.name: {"$ref": f"#/components/messages/{one.name}"} for one in messages}


_SECURITY: Mapping[str, Mapping[str, str]] = {
    "bearer": {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"},
    "ticket": {
        "type": "httpApiKey",
        "name": "Sec-WebSocket-Protocol",
        "in": "header",
        "description": "One-time, from `POST /api/realtime/ticket`, as `ticket.<ticket>`",
    },
}


def _describe_security() -> dict[str, Any]:
    return {name: dict(scheme) for name, scheme in _SECURITY.items()}


def _list_channels() -> list[str]:
    described = (*SERVER_EVENTS, END_EVENT)
    return list(dict.fromkeys(name for message in described for name in message.channels))
