"""What the tests of verification begin with: some history, and no patience with the boards."""

import pytest

from domain.actions.model import NewAction
from tests.verification import make_history
from workers.context import WorkerContext


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    """Do not wait for the boards: nothing repairs them here."""
    monkeypatch.setattr("domain.verification.board.PROMISED_SECONDS", 0.2)
    monkeypatch.setattr("domain.verification.rankings.PROMISED_SECONDS", 0.2)


@pytest.fixture
def actions(worker_context: WorkerContext) -> list[NewAction]:
    """Actions that have been through the chain."""
    return make_history(worker_context)
