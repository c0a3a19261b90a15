"""What a client must not send, and what it gets for it."""

import os
import struct
import time
from typing import Any
from uuid import uuid4

import orjson
import pytest
from websocket import ABNF

from tests.waiting import wait_until
from tests.web.live.client import Listener
from tests.web.live.conftest import Connect
from tests.web.live.server import Server


def send_raw(listener: Listener, first_byte: int, payload: bytes, *, masked: bool = True) -> None:
    """Send one frame as it stands."""
    length = len(payload)
    if length < 126:
        header = bytes((first_byte, length | (0x80 if masked else 0)))
    else:
        header = struct.pack("!BBH", first_byte, 126 | (0x80 if masked else 0), length)
    mask = os.urandom(4) if masked else b""
    body = bytes(byte ^ mask[i % 4] for i, byte in enumerate(payload)) if masked else payload
    listener.raw.sock.sendall(header + mask + body)


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("{", "MALFORMED_JSON"),
        ('{"op":NaN}', "MALFORMED_JSON"),
        ("[" * 3000, "MALFORMED_JSON"),
        ("null", "INVALID_PAYLOAD"),
        ("[]", "INVALID_PAYLOAD"),
        ('"subscribe"', "INVALID_PAYLOAD"),
        ("{}", "INVALID_PAYLOAD"),
        ('{"op":"destroy"}', "INVALID_PAYLOAD"),
        ('{"op":["subscribe"]}', "INVALID_PAYLOAD"),
        ('{"op":"subscribe"}', "INVALID_PAYLOAD"),
        ('{"op":"subscribe","channel":5}', "INVALID_PAYLOAD"),
        ('{"op":"subscribe","channel":"secrets"}', "NOT_FOUND"),
        ('{"op":"subscribe","channel":"user:"}', "FORBIDDEN"),
        ('{"op":"unsubscribe","channel":"user:self"}', "INVALID_PAYLOAD"),
        ('{"op":"auth"}', "INVALID_PAYLOAD"),
        ('{"op":"auth","token":7}', "INVALID_PAYLOAD"),
        ('{"op":"ping","id":{}}', "INVALID_PAYLOAD"),
        ('{"op":"ping","id":true}', "INVALID_PAYLOAD"),
    ],
)
def test_a_bad_message_is_answered_by_an_error(
    server: Server, connect: Connect, text: str, code: str
) -> None:
    listener = connect(server)
    listener.raw.send(text)
    error = listener.hear()
    assert (error["event"], error["code"]) == ("error", code)
    listener.say(op="ping", id="still here")
    assert listener.hear()["id"] == "still here"


@pytest.mark.parametrize(
    "options",
    [
        {"limit": 0},
        {"limit": 101},
        {"limit": "10"},
        {"limit": 1.5},
        {"limit": True},
        {"since": -1},
        {"since": "abc"},
        {"since": {}},
        {"since": {"epoch": "e"}},
        {"since": {"epoch": "e", "seq": -1}},
        {"since": {"epoch": "e", "seq": "abc"}},
        {"since": {"epoch": "e", "seq": 1.5}},
        {"since": {"epoch": "e", "seq": 2**60}},
        {"since": {"epoch": 5, "seq": 1}},
    ],
)
def test_bad_options_of_subscribe_are_errors(
    server: Server, connect: Connect, options: dict[str, Any]
) -> None:
    listener = connect(server)
    listener.say(op="subscribe", channel="leaderboard", id=3, **options)
    error = listener.hear()
    assert (error["event"], error["code"], error["id"]) == ("error", "INVALID_PAYLOAD", 3)


@pytest.mark.parametrize("since", [{"epoch": "e", "seq": 10**9}, {"epoch": "other", "seq": 0}])
def test_a_position_that_cannot_be_resumed_gives_a_snapshot(
    server: Server, connect: Connect, since: dict[str, Any]
) -> None:
    subscribed, snapshot = connect(server).subscribe(since=since)
    assert subscribed["recovered"] is False
    assert snapshot["seq"] == subscribed["seq"]


def test_another_users_channel_is_forbidden_and_silent(server: Server, connect: Connect) -> None:
    listener = connect(server)
    listener.say(op="subscribe", channel=f"user:{uuid4()}", id="x")
    assert listener.hear()["code"] == "FORBIDDEN"
    assert listener.hears_nothing()


def test_ones_own_channel_may_be_named_by_id(server: Server, connect: Connect) -> None:
    user = uuid4()
    listener = connect(server, user)
    listener.say(op="subscribe", channel=f"user:{user}", id="x")
    assert listener.hear().items() >= {"event": "subscribed", "channel": "user:self"}.items()
    snapshot = listener.hear()
    assert (snapshot["event"], snapshot["you"]) == ("snapshot", None)


def test_the_fifth_bad_message_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    for _ in range(4):
        listener.raw.send("{")
        assert listener.hear()["event"] == "error"
    listener.raw.send('{"op":"destroy"}')
    assert listener.close_code() == 1008


def test_binary_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    listener.raw.send_binary(b'{"op":"ping"}')
    assert listener.close_code() == 1003


@pytest.mark.parametrize("length", [4097, 60_000])
def test_too_long_a_message_closes(server: Server, connect: Connect, length: int) -> None:
    listener = connect(server)
    listener.raw.send("x" * length)
    assert listener.close_code() == 1009


def test_the_longest_message_is_taken_and_bytes_count(server: Server, connect: Connect) -> None:
    listener = connect(server)
    message = orjson.dumps({"op": "ping", "id": 1, "pad": ""}).decode()
    listener.raw.send(message.replace('""', f'"{"x" * (4096 - len(message))}"'))
    assert listener.hear()["event"] == "pong"
    listener.raw.send('{"op":"ping","pad":"' + "é" * 2040 + '"}')
    assert listener.close_code() == 1009


def test_too_long_a_message_in_pieces_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    send_raw(listener, ABNF.OPCODE_TEXT, b"x" * 3000)
    send_raw(listener, ABNF.OPCODE_CONT, b"x" * 3000)
    assert listener.close_code() == 1009


def test_a_message_in_pieces_is_one(server: Server, connect: Connect) -> None:
    listener = connect(server)
    send_raw(listener, ABNF.OPCODE_TEXT, b'{"op":')
    send_raw(listener, 0x80 | ABNF.OPCODE_PING, b"between")
    send_raw(listener, 0x80 | ABNF.OPCODE_CONT, b'"ping","id":5}')
    pong = listener.hear()
    assert (pong["event"], pong["id"]) == ("pong", 5)


def test_bad_utf8_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    send_raw(listener, 0x80 | ABNF.OPCODE_TEXT, b'{"op":"\xff\xfe"}')
    assert listener.close_code() == 1007


@pytest.mark.parametrize(
    ("first_byte", "payload", "masked"),
    [
        (0x80 | ABNF.OPCODE_TEXT, b"{}", False),
        (0xC0 | ABNF.OPCODE_TEXT, b"{}", True),
        (0x80 | 0x3, b"{}", True),
        (0x80 | ABNF.OPCODE_CONT, b"{}", True),
        (0x80 | ABNF.OPCODE_PING, b"p" * 126, True),
        (0x80 | ABNF.OPCODE_CLOSE, b"\x03", True),
        (0x80 | ABNF.OPCODE_CLOSE, b"\x03\xed", True),
    ],
    ids=["unmasked", "reserved bit", "opcode", "continuation", "long ping", "1 byte", "1005"],
)
def test_what_is_not_a_websocket_frame_closes(
    server: Server, connect: Connect, first_byte: int, payload: bytes, masked: bool
) -> None:
    listener = connect(server)
    send_raw(listener, first_byte, payload, masked=masked)
    assert listener.close_code() == 1002


def test_a_flood_of_messages_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    for number in range(250):
        try:
            listener.say(op="ping", id=number)
        except OSError:
            break
    assert listener.close_code() == 1008


def test_a_lively_client_is_left_alone(server: Server, connect: Connect) -> None:
    listener = connect(server)
    for number in range(60):
        listener.say(op="ping", id=number)
        assert listener.hear()["id"] == number
        time.sleep(0.02)


def test_a_flood_of_pings_and_empty_pieces_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    try:
        send_raw(listener, ABNF.OPCODE_TEXT, b"")
        for _ in range(250):
            send_raw(listener, ABNF.OPCODE_CONT, b"")
    except OSError:
        pass
    assert listener.close_code() == 1008


def test_a_client_that_closes_gets_its_code_back(server: Server, connect: Connect) -> None:
    listener = connect(server)
    listener.raw.send_close(1001, b"bye")
    assert listener.close_code() == 1001


def test_a_client_that_vanishes_leaves_nothing(server: Server, connect: Connect) -> None:
    before = server.health()["sockets"]
    listener = connect(server)
    assert server.health()["sockets"] == before + 1
    listener.raw.sock.close()
    wait_until(lambda: server.health()["sockets"] == before)


def test_a_flood_of_subscriptions_closes(server: Server, connect: Connect) -> None:
    listener = connect(server)
    for number in range(90):
        try:
            listener.say(op="subscribe", channel="leaderboard", id=number)
        except OSError:
            break
    assert listener.close_code() == 4429


def test_all_channels_may_be_subscribed_at_once_and_again(server: Server, connect: Connect) -> None:
    listener = connect(server)
    for number in range(60):
        listener.say(op="subscribe", channel="leaderboard", id=number)
    listener.hear_until("subscribed", id=59)
