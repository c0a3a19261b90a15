"""The live connection for programs with an event loop: reconnects and resumes by itself."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from types import TracebackType
from typing import Any, Protocol, Self

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, WebSocketException

from laurel_client.channels import OWN, Channel
from laurel_client.errors import ApiError, LiveEndedError, UnreachableError
from laurel_client.live_state import CLOSE_SECONDS, SILENCE_SECONDS, SUBPROTOCOL, LiveState


class FindToken(Protocol):
    """Returns an access token; another one than before when `is_new`.

    Raises LiveEndedError when there is no other.
    """

    def __call__(self, *, is_new: bool) -> Awaitable[str]: ...


class AsyncLive:
    """Events as they come, by iterating; the channels show what the board is after each of them.

    While the server is away the iteration waits. It raises LiveEndedError when the server asks not
    to come back, and ApiError when it refuses the caller.
    """

    def __init__(self, find_url: Callable[[], Awaitable[str]], find_token: FindToken):
        self._find_url = find_url
        self._find_token = find_token
        self._state = LiveState()
        self._socket: ClientConnection | None = None
        self._is_closed = False

    async def __aenter__(self) -> Self:
        self._is_closed = False
        return self

    async def __aexit__(
        self,
        _kind: type[BaseException] | None,
        _error: BaseException | None,
        _trace: TracebackType | None,
    ) -> None:
        await self.close()

    @property
    def own(self) -> Channel:
        """One's own channel, which is always followed."""
        return self._state.channels[OWN]

    async def follow(
        self, channel: str, *, limit: int | None = None, segment: str | None = None
    ) -> Channel:
        """Follow a channel: `leaderboard`, `leaderboard:BOARD`, `around:self` and so on."""
        followed = self._state.follow(channel, limit=limit, segment=segment)
        await self._say([self._state.subscribe(followed)] if self._socket else [])
        return followed

    async def leave(self, channel: str) -> None:
        """Follow a channel no more."""
        message = self._state.leave(channel)
        await self._say([message] if message and self._socket else [])

    async def close(self) -> None:
        """Close the connection; an iteration ends."""
        self._is_closed = True
        if self._socket is not None:
            await self._socket.close()

    async def __aiter__(self) -> AsyncIterator[dict[str, Any]]:
        """Yield events until `close`, over all reconnections."""
        while not self._is_closed:
            try:
                async with await self._connect() as self._socket:
                    await self._say(self._state.opened())
                    async for event in self._receive(self._socket):
                        yield event
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
                await asyncio.sleep(self._state.next_delay())

    async def _connect(self) -> connect:
        url = await self._find_url()
        token = await self._find_token(is_new=self._state.renews_token)
        self._state.renews_token = False
        return connect(
            url,
            subprotocols=[SUBPROTOCOL],  # type: ignore[list-item] # a NewType of str
            additional_headers={"Authorization": f"Bearer {token}"},
            compression=None,
            ping_interval=None,
            close_timeout=CLOSE_SECONDS,
        )

    async def _receive(self, socket: ClientConnection) -> AsyncIterator[dict[str, Any]]:
        while not self._is_closed:
            try:
                text = await asyncio.wait_for(socket.recv(), SILENCE_SECONDS)
            except TimeoutError:
                # The library answers pings unseen: ask whether anybody is there.
                await asyncio.wait_for(await socket.ping(), SILENCE_SECONDS)
                continue
            event, answers = self._state.receive(text)
            await self._say(answers)
            if self._state.renews_token:
                await self._renew()
            if event is not None:
                yield event

    async def _renew(self) -> None:
        try:
            token = await self._find_token(is_new=True)
        except LiveEndedError:
            # The token is good for a while yet: the server says when it is not.
            self._state.renews_token = False
            return
        await self._say([self._state.authenticate(token)])

    async def _say(self, messages: Iterable[str]) -> None:
        if self._socket is not None:
            for message in messages:
                await self._socket.send(message)
