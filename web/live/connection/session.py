"""The session of one client: its credential and its channels, from the welcome to the close.

Made in `web/live/endpoints/`, run and checked every second by `service.py`; the hub sends through
it.
"""

import time
from datetime import UTC, datetime, timedelta
from uuid import UUID

import structlog

from domain.errors import DatabaseUnavailableError
from web.access.verifier import TokenVerifier
from web.live import encoding, metrics
from web.live.channels import ViewKey
from web.live.close_codes import CloseCode, ProtocolViolationError
from web.live.connection.conversation import Conversation
from web.live.connection.credentials import Credential
from web.live.connection.heartbeat import Heartbeat
from web.live.connection.limits import ConnectionSlot
from web.live.connection.subscriptions import Subscriptions
from web.live.connection.transport import Transport
from web.live.outgoing import Message, Outgoing

logger = structlog.get_logger(__name__)

STALL_SECONDS = 9.0
EXPIRY_WARNING = timedelta(seconds=60)


class Session:
    """A listener of the hub that lives as long as its connection.

    One greenlet runs it; others send through it, check its deadlines and may close it.
    """

    __slots__ = (
        "_conversation",
        "_credential",
        "_expiry_warned",
        "_heartbeat",
        "_slot",
        "_subscriptions",
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
        slot: ConnectionSlot,
        subscriptions: Subscriptions,
        verifier: TokenVerifier,
    ):
        self._transport = transport
        self._credential = credential
        self._slot = slot
        self._subscriptions = subscriptions
        self._verifier = verifier
        self._conversation = Conversation(self, subscriptions, verifier)
        self._expiry_warned = False
        self._heartbeat = Heartbeat(transport, time.monotonic())
        slot.holder = self
        self.connection_id = connection_id
        # The view of the leaderboard that this listener follows; the hub sets it.
        self.view: ViewKey | None = None

    @property
    def user_id(self) -> UUID:
        """Whose session this is."""
        return self._credential.user_id

    @property
    def is_one_way(self) -> bool:
        """Whether the client cannot ask again for what it did not get."""
        return self._transport.is_one_way

    @property
    def has_queued(self) -> bool:
        """Whether something is queued because the client does not read it yet."""
        return not self._transport.is_drained

    def run(self) -> None:
        """Serve the client until either side closes."""
        try:
            self._subscriptions.join(self)
            position = self._subscriptions.own_position(self.user_id)
            self.send_message(encoding.welcome(self.connection_id, position, datetime.now(UTC)))
            for text in self._transport.read_messages():
                self._heartbeat.note_message(time.monotonic())
                self._conversation.receive(text)
        except ProtocolViolationError as violation:
            self.close(violation.code, violation.reason)
        except Exception as error:
            # Flask would answer an exception with an HTTP response inside the WebSocket stream.
            logger.error("session failed", error=type(error).__name__, exc_info=error)
            self.close(CloseCode.INTERNAL_ERROR, "internal error")
        finally:
            self._release()
            self._transport.finish_close()

    def send_message(self, message: Message) -> None:
        """Send one message to this client alone."""
        self.send(Outgoing(message))

    def send(self, outgoing: Outgoing) -> None:
        """Send messages built once for many listeners; a full queue closes the connection."""
        if not self._transport.send(outgoing):
            self.close(CloseCode.TOO_SLOW, "the queue is full")

    def renew(self, credential: Credential) -> None:
        """Live as long as this credential."""
        self._credential = credential
        self._expiry_warned = False

    def go_away(self, retry_after_ms: int) -> None:
        """Close because the server stops, and say when to come back."""
        self.send_message(encoding.going_away(retry_after_ms))
        self.close(CloseCode.GOING_AWAY, "going_away", retry_after_ms)

    def close(self, code: CloseCode, reason: str, retry_after_ms: int | None = None) -> None:
        """Begin the close handshake; nothing more is sent, and the slot is released at once."""
        if self._transport.is_closing:
            return
        metrics.connections_closed.labels(code=str(int(code))).inc()
        if code is not CloseCode.GOING_AWAY:
            logger.info("session closed", connection_id=self.connection_id, close_code=int(code))
        self._release()
        self._transport.close(code, reason, retry_after_ms)

    def close_if_banned(self) -> bool:
        """Close if the player is banned, and return whether that is so."""
        try:
            is_banned = self._verifier.is_banned(self.user_id)
        except DatabaseUnavailableError:
            # As with revocations: not read yet since this process started.
            return False
        if is_banned:
            self.close(CloseCode.BANNED, "the player is banned")
        return is_banned

    def abort(self) -> None:
        """Cut the connection."""
        self._transport.abort()

    def silent_seconds(self, now: float) -> float:
        """Return for how long a ping has been unanswered and nothing else was heard; else 0.0."""
        return self._heartbeat.silent_seconds(now)

    def probe(self, now: float) -> None:
        """Ask for a sign of life, unless one is awaited."""
        if not self._transport.is_closing and not self._heartbeat.probe(now):
            self.close(CloseCode.TOO_SLOW, "the queue is full")

    def give_way(self) -> None:
        """Close for another connection of the same user; the slot is released at once."""
        self.close(CloseCode.NO_PONG, "no pong, and another connection came")

    def check_deadlines(self, now: float, at: datetime) -> None:
        """Ping, and close what is overdue: a stalled client, a missing pong, an ended credential.

        `now` is monotonic, `at` the time of day.
        """
        if self._transport.is_closing:
            self._transport.abort_if_overdue(now)
            return
        if self._transport.stalled_seconds(now) > STALL_SECONDS:
            self.close(CloseCode.TOO_SLOW, "nothing was read for too long")
            # The close frame cannot be sent either.
            self.abort()
            return
        self._check_heartbeat(now)
        self._check_credential(at)

    def _check_heartbeat(self, now: float) -> None:
        if self._heartbeat.is_overdue(now):
            self.close(CloseCode.NO_PONG, "no pong")
        elif not self._heartbeat.ping_if_due(now):
            self.close(CloseCode.TOO_SLOW, "the queue is full")

    def _check_credential(self, at: datetime) -> None:
        left = self._credential.expires_at - at
        # First: a ban revokes the token too.
        if self.close_if_banned():
            return
        if left <= timedelta(0):
            self.close(CloseCode.TOKEN_ENDED, "the token has ended")
        elif self._is_revoked():
            self.close(CloseCode.TOKEN_ENDED, "the session has ended")
        elif left <= EXPIRY_WARNING and not self._expiry_warned:
            self._expiry_warned = True
            self.send_message(encoding.auth_expiring(self._credential.expires_at))

    def _is_revoked(self) -> bool:
        try:
            return self._credential.is_revoked(self._verifier)
        except DatabaseUnavailableError:
            # Revocations were not read since this process started, but the handshake knew them.
            return False

    def _release(self) -> None:
        self._subscriptions.leave(self)
        self._slot.release()
