"""What a session needs of the connection under it; `web/live/transports/` has the kinds of it."""

from collections.abc import Iterator
from typing import Protocol

from web.live.close_codes import CloseCode
from web.live.outgoing import Outgoing


class Transport(Protocol):
    """One connection to one client. No method waits but `read_messages` and `finish_close`."""

    is_one_way: bool
    """Whether the client cannot say anything after its request, such as asking again."""

    @property
    def pong_received(self) -> bool:
        """Whether the last ping was answered; True before the first one."""

    @property
    def is_closing(self) -> bool:
        """Whether `close` was called; nothing is sent after it."""

    @property
    def is_drained(self) -> bool:
        """Whether nothing is queued for the client."""

    def read_messages(self) -> Iterator[str]:
        """Yield the client's messages until either side closes.

        Raises ProtocolViolationError.
        """

    def send(self, outgoing: Outgoing) -> bool:
        """Send all of these messages; return False when the queue has no room for them."""

    def ping(self) -> bool:
        """Ask the client for a sign of life; return False when the queue is full."""

    def stalled_seconds(self, now: float) -> float:
        """Return for how long a client with something queued has read nothing."""

    def close(self, code: CloseCode, reason: str, retry_after_ms: int | None) -> None:
        """Begin to close: send the reason behind, or instead of, what is queued.

        A client that comes back by itself is told to wait so long.
        """

    def abort_if_overdue(self, now: float) -> None:
        """Cut the connection when the client has not answered `close` in time."""

    def abort(self) -> None:
        """Cut the connection now; the reader ends."""

    def finish_close(self) -> None:
        """See the close through, and release what the connection holds."""
