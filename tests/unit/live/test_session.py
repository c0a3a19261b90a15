"""The deadlines of a session: pings and pongs, stalls, the end of its credential."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any, cast
from unittest.mock import Mock
from uuid import UUID, uuid4

import orjson
import pytest

from domain.boards.model import GLOBAL_BOARD
from domain.errors import DatabaseUnavailableError
from domain.store.store import Store
from tests.factories import make_settings
from web.live.board_source import BoardSource
from web.live.boards.live_boards import LiveBoards
from web.live.close_codes import CloseCode
from web.live.connection.credentials import Credential
from web.live.connection.heartbeat import Heartbeat
from web.live.connection.limits import (
    SUBSCRIPTIONS_AT_ONCE,
    SUBSCRIPTIONS_PER_SECOND,
    ConnectionLimit,
    SubscriptionAllowance,
)
from web.live.connection.session import Session
from web.live.connection.subscriptions import Subscriptions
from web.live.hub import Hub
from web.live.outgoing import Message, Outgoing
from web.live.protocol import HEARTBEAT_SECONDS

STARTED_AT = datetime(2025, 8, 8, 10, tzinfo=UTC)


@dataclass
class FakeTransport:
    """A transport that records what it is asked, and has no room while `is_full`."""

    sent: list[bytes] = field(default_factory=list)
    messages: list[str] = field(default_factory=list)
    is_full: bool = False
    is_one_way: bool = False
    stalled: float = 0.0
    is_drained: bool = True
    pong_received: bool = True
    pings: int = 0
    closed_with: CloseCode | None = None
    is_aborted: bool = False

    @property
    def is_closing(self) -> bool:
        return self.closed_with is not None

    def read_messages(self) -> Iterator[str]:
        return iter(self.messages)

    def send(self, outgoing: Outgoing) -> bool:
        if self.is_closing:
            return True
        self.sent += outgoing.payloads
        return not self.is_full

    def stalled_seconds(self, _now: float) -> float:
        return self.stalled

    def ping(self) -> bool:
        self.pings += 1
        self.pong_received = False
        return not self.is_full

    def close(self, code: CloseCode, _reason: str, _retry_after_ms: int | None) -> None:
        self.closed_with = code

    def abort_if_overdue(self, _now: float) -> None:
        pass

    def abort(self) -> None:
        self.is_aborted = True

    def finish_close(self) -> None:
        pass


@dataclass
class FakeVerifier:
    """Knows of one revocation and one ban at most."""

    is_everything_revoked: bool = False
    is_everybody_banned: bool = False

    def is_revoked(self, **_: Any) -> bool:
        return self.is_everything_revoked

    def is_banned(self, _user_id: UUID) -> bool:
        return self.is_everybody_banned


@dataclass
class Case:
    """A session among fakes, and the moment it began."""

    transport: FakeTransport
    verifier: FakeVerifier
    session: Session
    limit: ConnectionLimit
    began: float

    def check_deadlines(self, after_seconds: float) -> None:
        """Check the session's deadlines this long after its start."""
        self.session.check_deadlines(
            self.began + after_seconds, STARTED_AT + timedelta(seconds=after_seconds)
        )


@pytest.fixture
def case() -> Case:
    """A session whose token lives for an hour."""
    transport, verifier = FakeTransport(), FakeVerifier()
    user, limit = uuid4(), ConnectionLimit(make_settings(database_url="postgresql://nowhere/x"))
    credential = Credential(user, None, "jti", STARTED_AT, STARTED_AT + timedelta(hours=1))
    session = Session(
        transport,
        connection_id="c",
        credential=credential,
        slot=limit.acquire(user),
        # These read nothing.
        subscriptions=Subscriptions(
            Hub(BoardSource(cast(Store, None), GLOBAL_BOARD)), LiveBoards(cast(Store, None))
        ),
        verifier=verifier,  # type: ignore[arg-type] # a fake
    )
    return Case(transport, verifier, session, limit, time.monotonic())


def test_a_socket_is_pinged_in_every_interval(case: Case) -> None:
    for second in range(4 * HEARTBEAT_SECONDS):
        case.check_deadlines(second)
        case.transport.pong_received = True
    assert 3 <= case.transport.pings <= 5
    assert case.transport.closed_with is None


def test_thousands_that_came_at_once_are_not_pinged_at_once() -> None:
    transports = [FakeTransport() for _ in range(200)]
    heartbeats = [Heartbeat(transport, 0.0) for transport in transports]
    pinged_at: list[int] = []
    for second in range(3 * HEARTBEAT_SECONDS):
        for transport, heartbeat in zip(transports, heartbeats, strict=True):
            pings, transport.pong_received = transport.pings, True
            heartbeat.ping_if_due(second)
            pinged_at += [second] * (transport.pings - pings)
    by_second = [pinged_at.count(second) for second in range(3 * HEARTBEAT_SECONDS)]
    assert sum(by_second[: HEARTBEAT_SECONDS + 1]) >= 200
    assert max(by_second) < 100


def test_without_a_pong_in_ten_seconds_it_is_closed(case: Case) -> None:
    case.check_deadlines(26)
    assert case.transport.pings == 1
    case.check_deadlines(34)
    assert case.transport.closed_with is None
    case.check_deadlines(36)
    assert case.transport.closed_with == CloseCode.NO_PONG
    assert case.limit.acquired == 0


def test_a_late_pong_is_a_pong(case: Case) -> None:
    case.check_deadlines(26)
    case.check_deadlines(34)
    case.transport.pong_received = True
    case.check_deadlines(36)
    assert case.transport.closed_with is None


def test_a_stalled_socket_is_closed_and_cut(case: Case) -> None:
    case.transport.stalled = 8.9
    case.check_deadlines(1)
    assert case.transport.closed_with is None
    case.transport.stalled = 9.1
    case.check_deadlines(2)
    assert case.transport.closed_with == CloseCode.TOO_SLOW
    assert case.transport.is_aborted


def test_a_full_queue_closes(case: Case) -> None:
    case.transport.is_full = True
    case.session.send(Outgoing(Message(b"{}")))
    assert case.transport.closed_with == CloseCode.TOO_SLOW
    case.session.send(Outgoing(Message(b"{}")))
    assert case.transport.sent == [b"{}"]


def test_the_end_of_the_token_is_announced_once_a_minute_before(case: Case) -> None:
    case.check_deadlines(3539)
    assert case.transport.sent == []
    case.check_deadlines(3541)
    case.transport.pong_received = True
    case.check_deadlines(3542)
    (payload,) = case.transport.sent
    assert orjson.loads(payload)["event"] == "auth_expiring"
    case.check_deadlines(3600)
    assert case.transport.closed_with == CloseCode.TOKEN_ENDED


def test_a_revocation_closes_and_releases_the_slot(case: Case) -> None:
    case.verifier.is_everything_revoked = True
    case.check_deadlines(1)
    assert case.transport.closed_with == CloseCode.TOKEN_ENDED
    assert case.limit.acquired == 0


def test_a_ban_closes_and_releases_the_slot(case: Case) -> None:
    case.verifier.is_everybody_banned = True
    case.check_deadlines(1)
    assert case.transport.closed_with == CloseCode.BANNED
    assert case.limit.acquired == 0


SUBSCRIBE = '{"op":"subscribe","id":1,"channel":"leaderboard"}'


@pytest.mark.parametrize("is_one_way", [True, False])
def test_a_client_that_cannot_ask_again_is_ended_when_a_store_is_away(
    case: Case, monkeypatch: pytest.MonkeyPatch, is_one_way: bool
) -> None:
    monkeypatch.setattr(Subscriptions, "subscribe", Mock(side_effect=DatabaseUnavailableError))
    case.transport.is_one_way = is_one_way
    case.transport.messages = [SUBSCRIBE]
    case.session.run()
    assert case.transport.closed_with == (CloseCode.TRY_AGAIN if is_one_way else None)
    last = orjson.loads(case.transport.sent[-1])
    assert last["event"] == ("welcome" if is_one_way else "error")


def test_too_many_subscriptions_close(case: Case, monkeypatch: pytest.MonkeyPatch) -> None:
    subscribe = Mock()
    monkeypatch.setattr(Subscriptions, "subscribe", subscribe)
    case.transport.messages = [SUBSCRIBE] * (SUBSCRIPTIONS_AT_ONCE + 20)
    case.session.run()
    assert case.transport.closed_with == CloseCode.TOO_MANY
    assert SUBSCRIPTIONS_AT_ONCE <= subscribe.call_count < SUBSCRIPTIONS_AT_ONCE + 20


def test_subscriptions_are_allowed_again_with_time() -> None:
    allowance = SubscriptionAllowance(100.0)
    assert all(allowance.take(100.0) for _ in range(SUBSCRIPTIONS_AT_ONCE))
    assert not allowance.take(100.0)
    assert not allowance.take(100.1)
    taken = [allowance.take(101.1) for _ in range(SUBSCRIPTIONS_PER_SECOND + 1)]
    assert taken == [True] * SUBSCRIPTIONS_PER_SECOND + [False]
    assert sum(allowance.take(10_000.0) for _ in range(200)) == SUBSCRIPTIONS_AT_ONCE
