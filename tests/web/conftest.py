"""An application on the real stores, its test client, and tokens for it."""

from collections.abc import Callable, Sequence
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient

from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from domain.settings import Settings
from domain.store.connections import Store
from web.app import create_app
from web.tokens import TokenCodec

Headers = dict[str, str]


class RecordingBatcher:
    """Stands in for the pipeline where a test is about HTTP: takes all, answers as it is told."""

    def __init__(self) -> None:
        self.taken: list[NewAction] = []
        self.waits: list[float] = []
        self.answer: Callable[[NewAction], Submission] = applied

    def submit(self, actions: Sequence[NewAction], *, wait_seconds: float) -> list[Submission]:
        """Record the actions and answer each."""
        self.taken.extend(actions)
        self.waits.append(wait_seconds)
        return [self.answer(action) for action in actions]


def applied(action: NewAction, **overrides: Any) -> Submission:
    """Return the submission of an action that was applied as the player's first."""
    facts: dict[str, Any] = {
        "status": Status.APPLIED,
        "previous_score": 0,
        "new_score": action.score,
        "leaderboard_position": 1,
    }
    result = ActionResult(action.action_id, **{**facts, **overrides})
    return Submission(action.action_id, Acceptance.ACCEPTED, result)


@pytest.fixture
def batcher() -> RecordingBatcher:
    """The stand-in that the application of this test submits to."""
    return RecordingBatcher()


@pytest.fixture
def app(settings: Settings, store: Store, batcher: RecordingBatcher) -> Flask:
    """The API on the real stores, without a pipeline behind it."""
    return create_app(settings, store, batcher)


@pytest.fixture
def client(app: Flask) -> FlaskClient:
    """A client of the application."""
    return app.test_client()


@pytest.fixture
def bearer(settings: Settings) -> Callable[..., Headers]:
    """Make the headers of a new player, or of whom the overrides name."""
    codec = TokenCodec(settings)

    def make(user_id: UUID | None = None, **claims: Any) -> Headers:
        values = {"username": None, **claims}
        return {"Authorization": f"Bearer {codec.issue(user_id=user_id or uuid4(), **values)}"}

    return make
