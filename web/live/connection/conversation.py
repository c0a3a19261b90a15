"""What the client of one session says, and what it is answered.

Made by `session.py`, which gives it each message.
"""

import time
from datetime import UTC, datetime
from typing import Protocol

from domain.errors import (
    ForbiddenError,
    InvalidTokenError,
    LaurelError,
    TokenExpiredError,
    TransientError,
)
from web.access.verifier import TokenVerifier
from web.live import encoding
from web.live.channels import Listener
from web.live.close_codes import CloseCode
from web.live.connection.credentials import Credential, from_principal
from web.live.connection.limits import SubscriptionAllowance
from web.live.connection.subscriptions import Subscriptions
from web.live.outgoing import Message
from web.live.protocol import (
    Auth,
    BadMessageError,
    Op,
    Ping,
    Subscribe,
    Unsubscribe,
    parse_message,
)

MAX_BAD_MESSAGES = 5


class Speaker(Listener, Protocol):
    """The session whose client speaks."""

    @property
    def is_one_way(self) -> bool:
        """Whether the client cannot ask again for what it did not get."""

    def send_message(self, message: Message) -> None:
        """Send one message to this client alone."""

    def renew(self, credential: Credential) -> None:
        """Live as long as this credential."""

    def close(self, code: CloseCode, reason: str) -> None:
        """Begin the close handshake."""


class Conversation:
    """Answers the messages of one client, and closes when they are too many or too bad."""

    __slots__ = ("_allowance", "_bad_messages", "_speaker", "_subscriptions", "_verifier")

    def __init__(self, speaker: Speaker, subscriptions: Subscriptions, verifier: TokenVerifier):
        self._speaker = speaker
        self._subscriptions = subscriptions
        self._verifier = verifier
        self._bad_messages = 0
        self._allowance = SubscriptionAllowance(time.monotonic())

    def receive(self, text: str) -> None:
        """Do what the client asks for in this message, and answer."""
        try:
            self._handle(parse_message(text, self._speaker.user_id))
        except BadMessageError as bad:
            self._bad_messages += 1
            if self._bad_messages >= MAX_BAD_MESSAGES:
                self._speaker.close(CloseCode.POLICY, f"{MAX_BAD_MESSAGES} bad messages")
            else:
                self._speaker.send_message(encoding.error(bad.error, bad.message_id))

    def _handle(self, op: Op) -> None:
        speaker = self._speaker
        try:
            match op:
                case Subscribe():
                    self._subscribe(op)
                case Unsubscribe():
                    self._subscriptions.unsubscribe(speaker, op)
                    speaker.send_message(encoding.unsubscribed(op.id, op.channel))
                case Ping():
                    speaker.send_message(encoding.pong(op.id, datetime.now(UTC)))
                case Auth():
                    self._authenticate(op)
        except LaurelError as error:
            if speaker.is_one_way and isinstance(error, TransientError):
                speaker.close(CloseCode.TRY_AGAIN, error.message)
            else:
                speaker.send_message(encoding.error(error, op.id))

    def _subscribe(self, op: Subscribe) -> None:
        if self._allowance.take(time.monotonic()):
            self._subscriptions.subscribe(self._speaker, op)
        else:
            self._speaker.close(CloseCode.TOO_MANY, "too many subscriptions")

    def _authenticate(self, op: Auth) -> None:
        speaker = self._speaker
        try:
            principal = self._verifier.verify(op.token)
        except TokenExpiredError:
            raise
        except InvalidTokenError:
            speaker.close(CloseCode.BAD_TOKEN, "the token is not valid")
            return
        if principal.user_id != speaker.user_id:
            raise BadMessageError(ForbiddenError("The token is another user's"), op.id)
        speaker.renew(from_principal(principal))
        speaker.send_message(encoding.authenticated(op.id, principal.expires_at))
