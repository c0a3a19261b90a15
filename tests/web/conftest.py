"""An application on the real stores, its test client, and tokens for it."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from cli.registry import register_commands
from domain.actions.model import NewAction, Submission
from domain.boards.model import GLOBAL_BOARD
from domain.settings import Settings
from domain.store.store import Store
from tests.web.described import compare_answers
from tests.web.http.bodies import Headers, applied
from tests.web.intake.batch_service import gate, serve
from web.access.tokens import TokenCodec
from web.app import create_app
from web.intake.batcher import Batcher
from web.intake.clients import CallerClient

__all__ = ["gate", "serve"]

compare_answers()


class RecordingBatcher:
    """Stands in for the pipeline where a test is about HTTP: takes all, answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[NewAction] = []
        self.clients: list[CallerClient | None] = []
        self.waits: list[float] = []
        self.answer: Callable[[NewAction], Submission] = applied

    def submit(
        self,
        actions: Sequence[NewAction],
        *,
        wait_seconds: float,
        client: CallerClient | None = None,
    ) -> list[Submission]:
        """Record the actions with their client, and answer each."""
        self.taken.extend(actions)
        self.clients.extend([client] * len(actions))
        self.waits.append(wait_seconds)
        return [self.answer(action) for action in actions]


@pytest.fixture
def batcher() -> RecordingBatcher:
    """The stand-in that `client` submits to."""
    return RecordingBatcher()


@pytest.fixture
def app(settings: Settings, store: Store, batcher: RecordingBatcher) -> Flask:
    """The API with its commands on the real stores, without a pipeline behind it."""
    app = create_app(settings, store, batcher)
    register_commands(app)
    return app


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application without a pipeline."""
    return app.test_client()


@pytest.fixture
def intake_client(settings: Settings, store: Store) -> Iterator[FlaskClient]:
    """A client whose actions are really taken in; no worker scores them."""
    batcher = Batcher(settings, store, lambda _batch_id: None, board=GLOBAL_BOARD)
    batcher.start()
    yield create_app(settings, store, batcher).test_client()
    batcher.stop()


@pytest.fixture
def bearer(settings: Settings) -> Callable[..., Headers]:
    """Make the headers of a new player, or of whom the overrides name."""
    codec = TokenCodec(settings)

    def make(user_id: UUID | None = None, **claims: Any) -> Headers:
        values = {"username": None, **claims}
        return {"Authorization": f"Bearer {codec.issue(user_id=user_id or uuid4(), **values)}"}

    return make
