"""What a client may send in `laurel.v1`: one JSON object per text message, parsed into an op."""

from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from domain.boards.model import TOP_SIZE
from domain.errors import InvalidPayloadError, LaurelError, MalformedJsonError
from domain.rankings.counting import MAX_SEGMENT_LENGTH
from web.live.channel_names import board_of, is_around, parse_channel

SUBPROTOCOL = "laurel.v1"
MAX_MESSAGE_BYTES = 4096
MAX_CHANNELS = 32
HEARTBEAT_SECONDS = 25
DEFAULT_LIMIT = 10
DEFAULT_NEIGHBORS = 5
DEFAULT_BOARD_NEIGHBORS = 2
MAX_NEIGHBORS = 10
MAX_ID_LENGTH = 64
MAX_SEQ = 2**53 - 1
MAX_EPOCH_LENGTH = 64

MessageId = str | int | None


@dataclass(frozen=True, slots=True)
class Position:
    """A point in a channel's history: sequence numbers are dense within an epoch."""

    epoch: str
    seq: int


NO_POSITION = Position("", 0)
"""The position of what was not read from the bus: no event leads on from it."""


@dataclass(frozen=True, slots=True)
class Subscribe:
    """Follow a channel; `since` asks for what was missed after that position.

    `segment` is which part of a board that is split; "" for none.
    """

    id: MessageId
    channel: str
    limit: int
    since: Position | None
    segment: str = ""


@dataclass(frozen=True, slots=True)
class Unsubscribe:
    """Stop following a channel."""

    id: MessageId
    channel: str


@dataclass(frozen=True, slots=True)
class Ping:
    """Ask for a `pong` event: for clients that cannot send WebSocket pings."""

    id: MessageId


@dataclass(frozen=True, slots=True)
class Auth:
    """Present a newer access token, so that the connection outlives the old one."""

    id: MessageId
    token: str


Op = Subscribe | Unsubscribe | Ping | Auth


class BadMessageError(Exception):
    """A message breaks the protocol: `error` says how, `message_id` is its id, if it has one."""

    def __init__(self, error: LaurelError, message_id: MessageId = None):
        super().__init__(error.message)
        self.error = error
        self.message_id = message_id


def parse_message(text: str, user_id: UUID) -> Op:
    """Return the op that this user's client sent. Raises BadMessageError."""
    try:
        wire = orjson.loads(text)
    except orjson.JSONDecodeError:
        raise BadMessageError(MalformedJsonError("The message is not valid JSON")) from None
    if not isinstance(wire, dict):
        raise BadMessageError(InvalidPayloadError("A message is a JSON object"))
    message_id = wire.get("id")
    if not _is_message_id(message_id):
        raise BadMessageError(InvalidPayloadError("`id` is a short string or a whole number"))
    try:
        return _parse_op(wire, message_id, user_id)
    except LaurelError as error:
        raise BadMessageError(error, message_id) from None


def _is_message_id(value: Any) -> bool:
    if isinstance(value, str):
        return len(value) <= MAX_ID_LENGTH
    return value is None or (isinstance(value, int) and not isinstance(value, bool))


def _parse_op(wire: dict[str, Any], message_id: MessageId, user_id: UUID) -> Op:
    match wire.get("op"):
        case "subscribe":
            channel = parse_channel(wire.get("channel"), user_id)
            return Subscribe(
                id=message_id,
                channel=channel,
                limit=_parse_limit(wire.get("limit"), channel),
                since=_parse_since(wire.get("since")),
                segment=_parse_segment(wire.get("segment"), channel),
            )
        case "unsubscribe":
            return Unsubscribe(message_id, parse_channel(wire.get("channel"), user_id))
        case "ping":
            return Ping(message_id)
        case "auth":
            token = wire.get("token")
            if not isinstance(token, str) or not token:
                raise InvalidPayloadError("`token` is an access token")
            return Auth(message_id, token)
    raise InvalidPayloadError("`op` is one of subscribe, unsubscribe, ping, auth")


def _parse_limit(value: Any, channel: str) -> int:
    default, most = DEFAULT_LIMIT, TOP_SIZE
    if is_around(channel):
        is_global = board_of(channel) is None
        default = DEFAULT_NEIGHBORS if is_global else DEFAULT_BOARD_NEIGHBORS
        most = MAX_NEIGHBORS
    if value is None:
        return default
    if isinstance(value, bool) or not isinstance(value, int) or not 1 <= value <= most:
        raise InvalidPayloadError(f"`limit` is a whole number from 1 to {most}")
    return value


def _parse_segment(value: Any, channel: str) -> str:
    if value is None:
        return ""
    if not isinstance(value, str) or not 1 <= len(value) <= MAX_SEGMENT_LENGTH or "\0" in value:
        raise InvalidPayloadError("`segment` is the name of a segment")
    if board_of(channel) is None:
        raise InvalidPayloadError("`segment` is for boards that are split; this one is not")
    return value


def _parse_since(value: Any) -> Position | None:
    if value is None:
        return None
    if not isinstance(value, dict):
        raise InvalidPayloadError("`since` is an object with `epoch` and `seq`")
    epoch, seq = value.get("epoch"), value.get("seq")
    if not isinstance(epoch, str) or len(epoch) > MAX_EPOCH_LENGTH:
        raise InvalidPayloadError("`since.epoch` is the epoch of an event")
    if isinstance(seq, bool) or not isinstance(seq, int) or not 0 <= seq <= MAX_SEQ:
        raise InvalidPayloadError("`since.seq` is a whole number from 0")
    return Position(epoch, seq)
