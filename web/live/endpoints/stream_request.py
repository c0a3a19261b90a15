"""What the request for an event stream asks for, as the messages of a WebSocket's client.

So streams have the channels, options, limits and refusals of sockets. Used by `streams.py`.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

import orjson

from domain.errors import InvalidPayloadError, NotFoundError
from web.live.channel_names import OWN_CHANNEL, board_of, is_around, parse_channel
from web.live.protocol import MAX_CHANNELS, BadMessageError, Position, parse_message
from web.live.transports.event_ids import decode_id

_NUMBER = re.compile(r"[0-9]{1,9}")
PARAMETERS = ("channels", "limit", "neighbors", "segment")


@dataclass(frozen=True, slots=True)
class StreamRequest:
    """The messages that subscribe to each channel, and where the client stands on which."""

    messages: tuple[str, ...]
    resumed: Mapping[str, Position]
    segment: str


def read_stream_request(
    query: Mapping[str, str], last_event_id: str | None, user_id: UUID
) -> StreamRequest:
    """Return what this user's request asks for.

    `limit` is for channels of first rows, `neighbors` for those of the rows around the user,
    `segment` for boards that are split. An unusable `last_event_id` is as none. Raises
    InvalidPayloadError, and ForbiddenError for another user's channel.
    """
    unknown = [name for name in query if name not in PARAMETERS]
    if unknown:
        raise InvalidPayloadError(f"The parameters are {', '.join(PARAMETERS)}")
    channels = _read_channels(query.get("channels", ""), user_id)
    segment = query.get("segment", "")
    resumed = {
        channel: position
        for channel, position in decode_id(last_event_id or "", segment).items()
        # One's own is on, named or not.
        if channel in channels or channel == OWN_CHANNEL
    }
    if OWN_CHANNEL in resumed and OWN_CHANNEL not in channels:
        channels = (OWN_CHANNEL, *channels)
    messages = [
        _subscribe(channel, _options_of(channel, query), resumed.get(channel))
        for channel in channels
    ]
    for message in messages:
        _check(message, user_id)
    return StreamRequest(tuple(messages), resumed, segment)


def _read_channels(value: str, user_id: UUID) -> tuple[str, ...]:
    names = [name for name in value.split(",") if name]
    try:
        channels = tuple(dict.fromkeys(parse_channel(name, user_id) for name in names))
    except NotFoundError:
        raise InvalidPayloadError("`channels` has a name of no channel") from None
    if not channels or len({OWN_CHANNEL, *channels}) > MAX_CHANNELS:
        raise InvalidPayloadError(
            f"`channels` has names with commas between them: at most {MAX_CHANNELS}, with yours"
        )
    return channels


def _options_of(channel: str, query: Mapping[str, str]) -> dict[str, Any]:
    if channel == OWN_CHANNEL:
        return {}
    options: dict[str, Any] = {}
    limit = query.get("neighbors" if is_around(channel) else "limit")
    if limit is not None:
        # What is no number is refused as it is on a WebSocket.
        options["limit"] = int(limit) if _NUMBER.fullmatch(limit) else limit
    if "segment" in query and board_of(channel) is not None:
        options["segment"] = query["segment"]
    return options


def _subscribe(channel: str, options: dict[str, Any], since: Position | None) -> str:
    message = {"op": "subscribe", "id": channel, "channel": channel, **options}
    if since is not None:
        message["since"] = {"epoch": since.epoch, "seq": since.seq}
    return orjson.dumps(message).decode()


def _check(message: str, user_id: UUID) -> None:
    try:
        parse_message(message, user_id)
    except BadMessageError as bad:
        raise bad.error from None
