"""What the routes work with: one object per application, made by `web/app.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app

from domain.accounts.passwords import Passwords
from domain.actions.model import NewAction, Submission
from domain.errors import OverloadedError
from domain.settings import Settings
from domain.store.connections import Store
from web.auth import TokenVerifier
from web.board import Board
from web.health import Probes, Readiness
from web.limits import Limits
from web.top_pages import TopPages

EXTENSION = "laurel"


class ActionSubmitter(Protocol):
    """Takes actions into the store and waits for their outcome; `web/batching.py` is the one."""

    def submit(self, actions: Sequence[NewAction], *, wait_seconds: float) -> list[Submission]:
        """Return one submission per action, in order, once they are committed."""


class NoIntake:
    """Takes no action: for applications without a pipeline, as those of command lines are."""

    def submit(self, actions: Sequence[NewAction], *, wait_seconds: float) -> list[Submission]:
        """Raise OverloadedError."""
        raise OverloadedError


@dataclass(frozen=True)
class Services:
    """The settings, the stores and what keeps state between requests."""

    settings: Settings
    store: Store
    verifier: TokenVerifier
    limits: Limits
    passwords: Passwords
    batcher: ActionSubmitter
    board: Board
    top_pages: TopPages
    readiness: Readiness
    probes: Probes


def services() -> Services:
    """Return the services of the application that handles this request."""
    return cast(Services, current_app.extensions[EXTENSION])
