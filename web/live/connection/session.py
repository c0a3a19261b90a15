"""One listener: its credential, its channels, and what it says from the welcome to the close."""

import random
import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from domain.errors import (
    DatabaseUnavailableError,
    ForbiddenError,
    InvalidPayloadError,
    InvalidTokenError,
    LaurelError,
    TokenExpiredError,
)
from web.access.verifier import TokenVerifier
from web.live import encoding, metrics
from web.live.channels import ViewKey
from web.live.close_codes import CloseCode, ProtocolViolationError
from web.live.connection.credentials import Credential, from_principal
from web.live.connection.limits import Seat
from web.live.connection.transport import Transport
from web.live.hub import Hub
from web.live.outgoing import Outgoing
from web.live.protocol import (
    HEARTBEAT_SECONDS,
    OWN_CHANNEL,
    Auth,
    BadMessageError,
    Op,
    Ping,
    Subscribe,
    Unsubscribe,
    parse_message,
)

logger = structlog.get_logger(__name__)

MAX_BAD_MESSAGES = 5
# One second less than the protocol's 10, because sockets are looked at once a second.
PONG_SECONDS = 9.0
STALL_SECONDS = 9.0
EXPIRY_WARNING = timedelta(seconds=60)
_CHANCE = random.SystemRandom()


class Session:
    """A listener of the hub; lives as long as its socket."""

    __slots__ = (
        "_bad_messages",
        "_credential",
        "_expiry_warned",
        "_hub",
        "_next_ping_at",
        "_pong_due_at",
        "_seat",
        "_transport",
        "_verifier",
        "connection_id",
        "view",
    )

    def __init__(
        self,
        transport: Transport,
        *,
        connection_id: str,
        credential: Credential,
        seat: Seat,
        hub: Hub,
        verifier: TokenVerifier,
    ):
        self._transport = transport
        self._credential = credential
        self._seat = seat
        self._hub = hub
        self._verifier = verifier
        self._bad_messages = 0
        self._expiry_warned = False
        # Spread over the interval, so that thousands that came together do not beat together.
        self._next_ping_at = time.monotonic() + HEARTBEAT_SECONDS * _CHANCE.uniform(0.5, 1.0)
        self._pong_due_at: float | None = None
        self.connection_id = connection_id
        # The view of the leaderboard that this listener follows; the hub sets it.
        self.view: ViewKey | None = None

    @property
    def user_id(self) -> UUID:
        """Whose socket this is."""
        return self._credential.user_id

    @property
    def is_queued(self) -> bool:
        """Whether something waits for the client to read."""
        return not self._transport.is_drained

    def run(self) -> None:
        """Speak with the client until either side closes."""
        try:
            self._hub.register(self)
            position = self._hub.own_position(self.user_id)
            self.say(encoding.welcome(self.connection_id, position, datetime.now(UTC)))
            for text in self._transport.read_messages():
                self._hear(text)
        except ProtocolViolationError as violation:
            self.close(violation.code, violation.reason)
        except Exception as error:
            # Nothing may pass from here to Flask: it would write an HTTP answer into the stream.
            logger.error("session failed", error=type(error).__name__, exc_info=error)
            self.close(CloseCode.INTERNAL_ERROR, "internal error")
        finally:
            self._leave()
            self._transport.finish_close()

    def say(self, payload: bytes) -> None:
        """Send one message to this listener alone."""
        self.send(Outgoing(payload))

    def send(self, outgoing: Outgoing) -> None:
        """Send messages built once for many listeners; a full queue closes the connection."""
        if not self._transport.send(outgoing):
            self.close(CloseCode.TOO_SLOW, "the queue is full")

    def close(self, code: CloseCode, reason: str) -> None:
        """Begin the close handshake; nothing more is sent, and the seat is free at once."""
        if self._transport.is_closing:
            return
        metrics.connections_closed.labels(code=str(int(code))).inc()
        if code is not CloseCode.GOING_AWAY:
            logger.info("socket closed", connection_id=self.connection_id, close_code=int(code))
        self._leave()
        self._transport.close(code, reason)

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def beat(self, now: float, at: datetime) -> None:
        """Do what time asks for: pings, their deadlines, stalls, the credential's end."""
        if self._transport.is_closing:
            self._transport.abort_if_overdue(now)
            return
        if self._transport.stalled_seconds(now) > STALL_SECONDS:
            self.close(CloseCode.TOO_SLOW, "nothing was read for too long")
            # There is no room for the close frame either.
            self.abort()
            return
        self._beat_ping(now)
        self._beat_credential(at)

    def _beat_ping(self, now: float) -> None:
        if self._transport.pong_received:
            self._pong_due_at = None
        elif self._pong_due_at is not None and now > self._pong_due_at:
            self.close(CloseCode.NO_PONG, "no pong")
            return
        if now >= self._next_ping_at:
            self._next_ping_at = now + HEARTBEAT_SECONDS * _CHANCE.uniform(0.9, 1.0)
            self._pong_due_at = now + PONG_SECONDS
            if not self._transport.ping():
                self.close(CloseCode.TOO_SLOW, "the queue is full")

    def _beat_credential(self, at: datetime) -> None:
        left = self._credential.expires_at - at
        if left <= timedelta(0):
            self.close(CloseCode.TOKEN_ENDED, "the token has ended")
        elif self._is_revoked():
            self.close(CloseCode.TOKEN_ENDED, "the session has ended")
        elif left <= EXPIRY_WARNING and not self._expiry_warned:
            self._expiry_warned = True
            self.say(encoding.auth_expiring(self._credential.expires_at))

    def _is_revoked(self) -> bool:
        try:
            return self._credential.is_revoked(self._verifier)
        except DatabaseUnavailableError:
            # Never read since the start: a socket that is open was admitted by somebody who knew.
            return False

    def _leave(self) -> None:
        self._hub.unregister(self)
        self._seat.free()

    def _hear(self, text: str) -> None:
        try:
            self._answer(parse_message(text, self.user_id))
        except BadMessageError as bad:
            self._bad_messages += 1
            if self._bad_messages >= MAX_BAD_MESSAGES:
                self.close(CloseCode.POLICY, f"{MAX_BAD_MESSAGES} bad messages")
            else:
                self.say(encoding.error(bad.error, bad.message_id))

    def _answer(self, op: Op) -> None:
        try:
            match op:
                case Subscribe():
                    self._subscribe(op)
                case Unsubscribe():
                    self._unsubscribe(op)
                case Ping():
                    self.say(encoding.pong(op.id, datetime.now(UTC)))
                case Auth():
                    self._authenticate(op)
        except LaurelError as error:
            self.say(encoding.error(error, op.id))

    def _subscribe(self, op: Subscribe) -> None:
        # Resuming from `since` comes with the ring of past events; until then every subscription
        # starts again, which is always allowed.
        if op.channel == OWN_CHANNEL:
            self._hub.send_own_snapshot(self, op.id)
        else:
            self._hub.subscribe(self, op.limit, op.id)

    def _unsubscribe(self, op: Unsubscribe) -> None:
        if op.channel == OWN_CHANNEL:
            raise BadMessageError(InvalidPayloadError(f"{OWN_CHANNEL} is always on"), op.id)
        self._hub.unsubscribe(self)
        self.say(encoding.unsubscribed(op.id, op.channel))

    def _authenticate(self, op: Auth) -> None:
        try:
            principal = self._verifier.verify(op.token)
        except TokenExpiredError:
            raise
        except InvalidTokenError:
            self.close(CloseCode.BAD_TOKEN, "the token is not valid")
            return
        if principal.user_id != self.user_id:
            raise BadMessageError(ForbiddenError("The token is another user's"), op.id)
        self._credential = from_principal(principal)
        self._expiry_warned = False
        self.say(encoding.authenticated(op.id, principal.expires_at))
