"""Verification in tests: a small history to damage, and what is then said to be broken."""

from typing import Any
from uuid import uuid4

from sqlalchemy import text

from domain.actions.model import NewAction
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from domain.verification.verifying import verify
from tests.factories import make_action
from tests.pipeline import complete_actions
from workers.context import WorkerContext


def make_history(context: WorkerContext) -> list[NewAction]:
    """Complete Ada's two applied actions, one of 0 by Bob, and one of Bob's that is rejected."""
    rebuild_board(context.store, board=GLOBAL_BOARD)
    ada, bob = uuid4(), uuid4()
    actions = [
        make_action(user_id=ada, score=150),
        make_action(user_id=ada, score=70),
        make_action(user_id=bob, score=0),
        make_action(user_id=bob, score=5000),
    ]
    complete_actions(context, actions)
    return actions


def change(store: Store, statement: str, **parameters: Any) -> None:
    """Damage something; fails when there was nothing to damage."""
    with store.write() as connection:
        assert connection.execute(text(statement), parameters).rowcount > 0


def find_broken(
    store: Store, settings: Settings, *, read_archives: bool = False
) -> dict[Invariant, tuple[str, ...]]:
    """Return the findings of every invariant that does not hold now."""
    reports = verify(
        store, archive_path=settings.archive_path, wait_seconds=0, read_archives=read_archives
    )
    assert [report.invariant for report in reports] == list(Invariant)
    return {report.invariant: report.findings for report in reports if not report.holds}
