"""The client's side of RFC 6455, as far as a load generator needs it."""

import base64
import os
import struct
from collections.abc import Iterator

TEXT, CLOSE, PING, PONG = 0x1, 0x8, 0x9, 0xA
_FIN, _MASKED, _TWO_BYTES, _EIGHT_BYTES = 0x80, 0x80, 126, 127


def handshake(host: str, path: str, token: str) -> bytes:
    """Return the request that opens a socket; without a token for a server that asks for none."""
    key = base64.b64encode(os.urandom(16)).decode()
    lines = [
        f"GET {path} HTTP/1.1",
        f"Host: {host}",
        "Connection: Upgrade",
        "Upgrade: websocket",
        "Sec-WebSocket-Version: 13",
        f"Sec-WebSocket-Key: {key}",
    ]
    if token:
        lines += ["Sec-WebSocket-Protocol: laurel.v1", f"Authorization: Bearer {token}"]
    return "\r\n".join([*lines, "", ""]).encode()


def masked(opcode: int, payload: bytes) -> bytes:
    """Return a frame of up to 64 KB; a mask of zeros is one too, and leaves the payload alone."""
    length = len(payload)
    if length < _TWO_BYTES:
        head = struct.pack("!BB", _FIN | opcode, _MASKED | length)
    else:
        head = struct.pack("!BBH", _FIN | opcode, _MASKED | _TWO_BYTES, length)
    return head + bytes(4) + payload


def split_frames(buffer: bytearray) -> Iterator[tuple[int, bytes]]:
    """Yield opcode and payload of each complete frame, and remove it from the buffer."""
    while len(buffer) >= 2:
        length, at = buffer[1] & 0x7F, 2
        if length == _TWO_BYTES:
            length, at = int.from_bytes(buffer[2:4]), 4
        elif length == _EIGHT_BYTES:
            length, at = int.from_bytes(buffer[2:10]), 10
        if len(buffer) < at + length:
            return
        opcode, payload = buffer[0] & 0x0F, bytes(buffer[at : at + length])
        del buffer[: at + length]
        yield opcode, payload
