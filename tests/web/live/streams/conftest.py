"""Streams for tests."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from uuid import UUID

import pytest

from tests.web.live.server import Server
from tests.web.live.streams.stream import Stream

Open = Callable[..., Stream]


@pytest.fixture
def open_stream(token: Callable[..., str]) -> Iterator[Open]:
    """Open a stream as a user."""
    with ExitStack() as stack:

        def open_one(
            server: Server,
            user_id: UUID | None = None,
            *,
            headers: dict[str, str] | None = None,
            bearer: str | None = None,
            channels: str = "leaderboard",
            **options: object,
        ) -> Stream:
            sent = {"Authorization": f"Bearer {bearer or token(user_id)}", **(headers or {})}
            return stack.enter_context(Stream(server, sent, channels=channels, **options))

        yield open_one
