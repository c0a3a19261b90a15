"""What time does to a session: pings, their deadline, stalls and the end of its credential."""

import time
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import uuid4

import orjson
import pytest

from tests.factories import make_settings
from web.live.close_codes import CloseCode
from web.live.connection.credentials import Credential
from web.live.connection.limits import Seats
from web.live.connection.session import Session
from web.live.hub import Hub
from web.live.protocol import HEARTBEAT_SECONDS

STARTED_AT = datetime(2025, 8, 8, 10, tzinfo=UTC)


@dataclass
class FakeWriter:
    """Takes everything, or nothing any more."""

    written: list[bytes] = field(default_factory=list)
    is_full: bool = False
    stalled: float = 0.0
    is_drained: bool = True

    def write(self, data: bytes) -> bool:
        self.written.append(data)
        return not self.is_full

    def stalled_seconds(self, _now: float) -> float:
        return self.stalled


@dataclass
class FakeSocket:
    """A socket that records what it is told to do."""

    writer: FakeWriter = field(default_factory=FakeWriter)
    pong_received: bool = True
    pings: int = 0
    closed_with: CloseCode | None = None
    is_aborted: bool = False

    @property
    def is_closing(self) -> bool:
        return self.closed_with is not None

    def ping(self) -> bool:
        self.pings += 1
        self.pong_received = False
        return not self.writer.is_full

    def begin_close(self, code: CloseCode, _reason: str) -> None:
        self.closed_with = code

    def abort(self) -> None:
        self.is_aborted = True


@dataclass
class FakeVerifier:
    """Knows of one revocation at most."""

    is_everything_revoked: bool = False

    def is_revoked(self, **_: Any) -> bool:
        return self.is_everything_revoked


@dataclass
class Case:
    """A session among fakes, and the moment it began."""

    socket: FakeSocket
    verifier: FakeVerifier
    session: Session
    seats: Seats
    began: float

    def beat(self, after_seconds: float) -> None:
        """Let the clock of the process reach the session this long after the start."""
        self.session.beat(self.began + after_seconds, STARTED_AT + timedelta(seconds=after_seconds))


@pytest.fixture
def case() -> Case:
    """A session whose token lives for an hour."""
    socket, verifier = FakeSocket(), FakeVerifier()
    user, seats = uuid4(), Seats(make_settings(database_url="postgresql://nowhere/x"))
    credential = Credential(user, None, "jti", STARTED_AT, STARTED_AT + timedelta(hours=1))
    session = Session(
        socket,  # type: ignore[arg-type] # a fake
        connection_id="c",
        credential=credential,
        seat=seats.take(user),
        hub=Hub(None),  # type: ignore[arg-type] # nothing is looked up here
        verifier=verifier,  # type: ignore[arg-type] # a fake
    )
    return Case(socket, verifier, session, seats, time.monotonic())


def test_a_socket_is_pinged_in_every_interval(case: Case) -> None:
    for second in range(4 * HEARTBEAT_SECONDS):
        case.beat(second)
        case.socket.pong_received = True
    assert 3 <= case.socket.pings <= 5
    assert case.socket.closed_with is None


def test_without_a_pong_in_ten_seconds_it_is_closed(case: Case) -> None:
    case.beat(26)
    assert case.socket.pings == 1
    case.beat(34)
    assert case.socket.closed_with is None
    case.beat(36)
    assert case.socket.closed_with == CloseCode.NO_PONG
    assert case.seats.taken == 0


def test_a_late_pong_is_a_pong(case: Case) -> None:
    case.beat(26)
    case.beat(34)
    case.socket.pong_received = True
    case.beat(36)
    assert case.socket.closed_with is None


def test_a_stalled_socket_is_closed_and_cut(case: Case) -> None:
    case.socket.writer.stalled = 8.9
    case.beat(1)
    assert case.socket.closed_with is None
    case.socket.writer.stalled = 9.1
    case.beat(2)
    assert case.socket.closed_with == CloseCode.TOO_SLOW
    assert case.socket.is_aborted


def test_a_full_queue_closes(case: Case) -> None:
    case.socket.writer.is_full = True
    case.session.send(b"frame")
    assert case.socket.closed_with == CloseCode.TOO_SLOW
    case.session.send(b"frame")
    assert case.socket.writer.written == [b"frame"]


def test_the_end_of_the_token_is_announced_once_a_minute_before(case: Case) -> None:
    case.beat(3539)
    assert case.socket.writer.written == []
    case.beat(3541)
    case.socket.pong_received = True
    case.beat(3542)
    (frame,) = case.socket.writer.written
    assert orjson.loads(frame[2:])["event"] == "auth_expiring"
    case.beat(3600)
    assert case.socket.closed_with == CloseCode.TOKEN_ENDED


def test_a_revocation_closes_and_frees_the_seat(case: Case) -> None:
    case.verifier.is_everything_revoked = True
    case.beat(1)
    assert case.socket.closed_with == CloseCode.TOKEN_ENDED
    assert case.seats.taken == 0
