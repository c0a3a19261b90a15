"""The live connection for programs with threads: reconnects and resumes by itself."""

import time
from collections.abc import Callable, Iterable, Iterator
from types import TracebackType
from typing import Any, Protocol, Self

from websockets.exceptions import ConnectionClosed, WebSocketException
from websockets.sync.client import ClientConnection, connect

from laurel_client.channels import OWN, Channel
from laurel_client.errors import ApiError, LiveEndedError, UnreachableError
from laurel_client.live_state import CLOSE_SECONDS, SILENCE_SECONDS, SUBPROTOCOL, LiveState


class FindToken(Protocol):
    """Returns an access token; another one than before when `is_new`.

    Raises LiveEndedError when there is no other.
    """

    def __call__(self, *, is_new: bool) -> str: ...


class Live:
    """Events as they come, by iterating; the channels show what the board is after each of them.

    One thread iterates; it may `follow` and `leave` between events. While the server is away the
    iteration waits. It raises LiveEndedError when the server asks not to come back, and ApiError
    when it refuses the caller.
    """

    def __init__(self, find_url: Callable[[], str], find_token: FindToken):
        self._find_url = find_url
        self._find_token = find_token
        self._state = LiveState()
        self._socket: ClientConnection | None = None
        self._is_closed = False

    def __enter__(self) -> Self:
        self._is_closed = False
        return self

    def __exit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        self.close()

    @property
    def own(self) -> Channel:
        """One's own channel, which is always followed."""
        return self._state.channels[OWN]

    def follow(
        self, channel: str, *, limit: int | None = None, segment: str | None = None
    ) -> Channel:
        """Follow a channel: `leaderboard`, `leaderboard:BOARD`, `around:self` and so on."""
        followed = self._state.follow(channel, limit=limit, segment=segment)
        self._say([self._state.subscribe(followed)] if self._socket else [])
        return followed

    def leave(self, channel: str) -> None:
        """Follow a channel no more."""
        message = self._state.leave(channel)
        self._say([message] if message and self._socket else [])

    def close(self) -> None:
        """Close the connection; an iteration ends."""
        self._is_closed = True
        if self._socket is not None:
            self._socket.close()

    def __iter__(self) -> Iterator[dict[str, Any]]:
        """Yield events until `close`, over all reconnections."""
        while not self._is_closed:
            try:
                with self._connect() as self._socket:
                    self._say(self._state.opened())
                    yield from self._receive(self._socket)
            except ConnectionClosed as closed:
                code, reason = (closed.rcvd.code, closed.rcvd.reason) if closed.rcvd else (1006, "")
                self._state.closed(code, reason)
            except (OSError, WebSocketException, UnreachableError):
                self._state.lost()
            except ApiError as refusal:
                if not refusal.is_passing:
                    raise
                self._state.lost()
            self._socket = None
            if not self._is_closed:
                time.sleep(self._state.next_delay())

    def _connect(self) -> ClientConnection:
        url = self._find_url()
        token = self._find_token(is_new=self._state.renews_token)
        self._state.renews_token = False
        return connect(
            url,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item] # a NewType of str
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_SECONDS,
        )

    def _receive(self, socket: ClientConnection) -> Iterator[dict[str, Any]]:
        while not self._is_closed:
            try:
                text = socket.recv(timeout=SILENCE_SECONDS)
            except TimeoutError:
                # The library answers pings unseen: ask whether anybody is there.
                if not socket.ping().wait(SILENCE_SECONDS):
                    raise
                continue
            event, answers = self._state.receive(text)
            self._say(answers)
            if self._state.renews_token:
                self._renew()
            if event is not None:
                yield event

    def _renew(self) -> None:
        try:
            token = self._find_token(is_new=True)
        except LiveEndedError:
            # The token is good for a while yet: the server says when it is not.
            self._state.renews_token = False
            return
        self._say([self._state.authenticate(token)])

    def _say(self, messages: Iterable[str]) -> None:
        if self._socket is not None:
            for message in messages:
                self._socket.send(message)
