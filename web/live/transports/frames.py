"""Bytes of the WebSocket frames that a server sends (RFC 6455, section 5.2): unmasked, unsplit.

The WebSocket transport builds them once per event for all sockets; `simple_websocket` would build
them for every socket.
"""

import struct

_FIN = 0x80
_TEXT, _CLOSE, _PING, _PONG = 0x1, 0x8, 0x9, 0xA
MAX_CONTROL_PAYLOAD_BYTES = 125


def text_frame(payload: bytes) -> bytes:
    """Return a text frame with this UTF-8 payload."""
    return _header(_TEXT, len(payload)) + payload


def close_frame(code: int, reason: str = "") -> bytes:
    """Return a close frame; the reason is cut to what fits into a control frame."""
    raw = reason.encode()[: MAX_CONTROL_PAYLOAD_BYTES - 2]
    payload = struct.pack("!H", code) + raw.decode(errors="ignore").encode()
    return _header(_CLOSE, len(payload)) + payload


def ping_frame(payload: bytes = b"") -> bytes:
    """Return a ping frame."""
    return _header(_PING, len(payload)) + payload


def pong_frame(payload: bytes) -> bytes:
    """Return the pong that answers a ping with this payload."""
    return _header(_PONG, len(payload)) + payload


def _header(opcode: int, length: int) -> bytes:
    if length <= MAX_CONTROL_PAYLOAD_BYTES:
        return bytes((_FIN | opcode, length))
    if length < 1 << 16:
        return struct.pack("!BBH", _FIN | opcode, 126, length)
    return struct.pack("!BBQ", _FIN | opcode, 127, length)
