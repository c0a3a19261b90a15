"""The services that routes use: one object per application, made by `web/app.py`."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, cast

from flask import current_app

from domain.accounts.passwords import Passwords
from domain.actions.model import NewAction, Submission
from domain.boards.model import BoardId
from domain.errors import OverloadedError
from domain.settings import Settings
from domain.step_up.cipher import SecretCipher
from domain.store.store import Store
from web.access.rate_limits import Limits
from web.access.step_up import StepUpVerifier
from web.access.turns import Turns
from web.access.verifier import TokenVerifier
from web.boards.cached_top import CachedTop
from web.boards.directory import BoardDirectory
from web.boards.row_encoding import TopEncoder
from web.health.kept_answer import KeptAnswer
from web.health.probe_runner import ProbeRunner
from web.health.readiness import Readiness
from web.http.request_context import find_context
from web.intake.claims import ClaimFollower
from web.intake.clients import CallerClient, CallerClients

EXTENSION = "laurel"


class ActionSubmitter(Protocol):
    """Commits actions and waits for their outcome; see `web/intake/batcher.py`."""

    def submit(
        self,
        actions: Sequence[NewAction],
        *,
        wait_seconds: float,
        client: CallerClient | None = None,
    ) -> list[Submission]:
        """Return one submission per action, in order, once they are committed."""


class NoIntake:
    """Refuses every action: for applications without intake, such as those of command lines."""

    def submit(
        self,
        actions: Sequence[NewAction],
        *,
        wait_seconds: float,
        client: CallerClient | None = None,
    ) -> list[Submission]:
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
    turns: Turns
    cipher: SecretCipher
    step_up: StepUpVerifier
    batcher: ActionSubmitter
    claims: ClaimFollower
    clients: CallerClients
    board: BoardId
    cached_top: CachedTop
    boards: BoardDirectory
    top_encoder: TopEncoder
    readiness: Readiness
    probes: ProbeRunner
    numbers_of_now: KeptAnswer


def services() -> Services:
    """Return the services of the application that handles this request or command."""
    context = find_context()
    app = current_app if context is None else context.app
    return cast(Services, app.extensions[EXTENSION])
