"""A request's body, read on the event loop: no thread waits for it, and nothing waits forever."""

import asyncio
from asyncio import CancelledError
from collections.abc import Awaitable, Mapping
from typing import Any, Protocol

from domain.errors import MalformedJsonError
from web.server.greenlets import await_

BODY_SECONDS = 10.0
_WITH_BODY = frozenset({"POST", "PATCH", "DELETE"})


class BodySource(Protocol):
    """granian's object to read a body."""

    def __call__(self) -> Awaitable[bytes]:
        """Read all of it."""

    def __aiter__(self) -> Any:
        """Read it in parts."""


class Body:
    """The body as WSGI reads it (`wsgi.input`), once and from its start.

    `length` is what the request says, None when it does not. The server reads no further. A chunked
    body that breaks off looks as if it ended there.
    """

    def __init__(self, source: BodySource, loop: asyncio.AbstractEventLoop):
        self.length: int | None = None
        self._source = source
        self._loop = loop
        self._fetched: bytes | None = None

    def read(self, size: int) -> bytes:
        """Return the first `size` bytes or, if it has less, all.

        Off the event loop, only what was fetched before. Raises MalformedJsonError for a body that
        does not come within BODY_SECONDS.
        """
        if self._fetched is None:
            self.fetch(size)
        return (self._fetched or b"")[:size]

    def fetch(self, size: int) -> None:
        """Receive the first `size` bytes, unless it says that it is longer; raises as `read`."""
        if self.length is None or self.length <= size:
            self._fetched = await_(self._receive(size))

    async def _receive(self, size: int) -> bytes:
        try:
            with _time_limit(self._loop, BODY_SECONDS):
                return await (self._source() if self.length is not None else self._read(size))
        except TimeoutError as error:
            raise MalformedJsonError("The body did not come in time") from error
        except RuntimeError as error:  # what granian raises when the client is gone
            raise MalformedJsonError("The body ended early") from error

    async def _read(self, size: int) -> bytes:
        parts, received = [], 0
        async for part in self._source:
            parts.append(part)
            received += len(part)
            if received >= size:
                break
        return b"".join(parts)


class _time_limit:  # noqa: N801 - used like a function, as a context
    """Raise TimeoutError in the loop's current task after this many seconds.

    `asyncio.timeout` does no more for a limit that is neither nested nor moved, and costs a tenth
    of an action: it asks three times which loop is running, each time with a system call.
    """

    __slots__ = ("_is_over", "_task", "_timer")

    def __init__(self, loop: asyncio.AbstractEventLoop, seconds: float):
        task = asyncio.current_task(loop)
        assert task is not None, "only a task can be stopped"
        self._task = task
        self._is_over = False
        self._timer = loop.call_later(seconds, self._end)

    def __enter__(self) -> None:
        pass

    def __exit__(self, _kind: object, error: BaseException | None, _trace: object) -> None:
        self._timer.cancel()
        if self._is_over and self._task.uncancel() == 0 and isinstance(error, CancelledError):
            raise TimeoutError from error

    def _end(self) -> None:
        self._is_over = True
        self._task.cancel()


def fetch_body(environ: Mapping[str, Any], size: int) -> None:
    """Receive a request's body before a thread reads it: one that never comes would block it.

    Does nothing off the event loop. Raises as `Body.read`.
    """
    body = environ["wsgi.input"]
    if isinstance(body, Body) and environ["REQUEST_METHOD"] in _WITH_BODY:
        body.fetch(size)
