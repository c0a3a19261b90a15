"""What the routes work with: one object per application, made by `web/app.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app

from domain.actions.model import NewAction, Submission
from domain.settings import Settings
from domain.store.connections import Store
from web.auth import TokenVerifier

EXTENSION = "laurel"


class Submitter(Protocol):
    """Takes actions into the store and waits for their outcome; `web/batching.py` is the one."""

    def submit(self, actions: Sequence[NewAction], *, wait_seconds: float) -> list[Submission]:
        """Return one submission per action, in order, once they are committed."""


@dataclass(frozen=True)
class Services:
    """The settings, the stores and what keeps state between requests."""

    settings: Settings
    store: Store
    verifier: TokenVerifier
    batcher: Submitter


def services() -> Services:
    """Return the services of the application that handles this request."""
    return cast(Services, current_app.extensions[EXTENSION])
