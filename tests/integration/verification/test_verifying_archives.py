"""What was archived still counts: nothing visible changes, and verification holds over both."""

import threading
from collections.abc import Iterator
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.actions.model import NewAction
from domain.archives.model import ArchiveStep
from domain.boards.model import GLOBAL_BOARD
from domain.boards.reader import read_top
from domain.boards.rebuild import rebuild_board
from domain.settings import Settings
from domain.store.store import Store
from domain.verification.model import Invariant
from domain.verification.verifying import verify
from tests.archives import (
    MARCH,
    archive,
    archive_all,
    drop_old_months,
    list_months,
    move_to_the_past,
    read_archive,
    read_rows,
)
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.verification import change, find_broken
from tests.waiting import run_in_threads
from workers.context import WorkerContext

ADA = uuid4()


@pytest.fixture
def archived(worker_context: WorkerContext) -> Iterator[list[NewAction]]:
    """Ada's three actions of March, one of them rejected, in the archive; and one of today."""
    store = worker_context.store
    rebuild_board(store, board=GLOBAL_BOARD)
    actions = [make_action(user_id=ADA, score=score) for score in (150, 70, 5000)]
    complete_actions(worker_context, actions)
    move_to_the_past(store, MARCH)
    complete_actions(worker_context, [make_action(user_id=ADA, score=1)])
    with store.write() as connection:
        connection.execute(text("UPDATE user_scores SET first_action = :at"), {"at": MARCH})
    assert ArchiveStep.DROPPED in archive_all(store, worker_context.settings.archive_path)
    yield actions
    drop_old_months(store)


def test_archiving_breaks_no_invariant(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    assert find_broken(store, settings, read_archives=True) == {}
    assert [row.score for row in read_top(store, board=GLOBAL_BOARD).standings] == [221]
    (statistics,) = read_rows(store, "user_stats")
    assert (statistics.total_actions, statistics.first_action) == (3, MARCH)


def test_work_goes_on_after_archiving(
    worker_context: WorkerContext, settings: Settings, archived: list[NewAction]
) -> None:
    complete_actions(worker_context, [make_action(user_id=ADA, score=9), make_action()])
    assert find_broken(worker_context.store, settings, read_archives=True) == {}


def test_an_archived_id_stays_taken(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    again = accept_actions(store, actions=archived, reply_to=None)
    assert (again.batches, again.unstorable) == ((), frozenset())
    assert find_broken(store, settings, read_archives=True) == {}


def test_a_changed_total_names_the_user(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    change(store, "UPDATE archived_totals SET applied_score = applied_score - 1")
    assert find_broken(store, settings, read_archives=True) == {
        Invariant.CONSERVATION: (
            "all scores add up to 221, applied actions to 1 and archived totals to 219",
            f"user {ADA} has the score 221, the actions add up to 220",
        ),
        Invariant.ARCHIVES: (
            f"the archived totals of user {ADA} are not what the files add up to",
        ),
    }


def test_an_archived_id_that_is_gone_is_missed(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    change(store, "DELETE FROM action_batches")
    change(store, "DELETE FROM action_ids WHERE action_id = :id", id=archived[0].action_id)
    broken = find_broken(store, settings, read_archives=True)
    assert broken[Invariant.EXACTLY_ONCE] == (
        "user_actions_y2026m03 was archived with 3 actions and 2 ids are of its time",
    )
    assert broken[Invariant.AUDIT] == (
        f"action {archived[0].action_id} has audit entry 1 and was never accepted",
    )


def test_an_archived_action_without_an_audit_entry_is_named(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    change(
        store,
        "UPDATE audit_log SET leaves = CAST(CAST(leaves AS jsonb) - 1 AS text) WHERE seq = 1",
    )
    assert find_broken(store, settings, read_archives=True)[Invariant.AUDIT] == (
        "the transitions of audit entry 1 are not those that it stands for",
        *(f"action {action.action_id} is archived and has no audit entry" for action in archived),
    )


def test_a_missing_file_is_named(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    (part,) = settings.archive_path.glob("*.ndjson.gz")
    part.unlink()
    assert find_broken(store, settings, read_archives=True) == {
        Invariant.ARCHIVES: (f"{part.name} is missing",)
    }


def test_without_reading_archives_a_file_of_another_size_is_still_named(
    store: Store, settings: Settings, archived: list[NewAction]
) -> None:
    (part,) = settings.archive_path.glob("*.ndjson.gz")
    part.write_bytes(part.read_bytes() + b"x")
    reports = verify(store, archive_path=settings.archive_path, wait_seconds=0)
    assert [report.findings for report in reports if not report.holds] == [
        (f"{part.name} is damaged: its size differs",)
    ]


def test_intake_and_scoring_continue_during_archiving(worker_context: WorkerContext) -> None:
    store, settings = worker_context.store, worker_context.settings
    rebuild_board(store, board=GLOBAL_BOARD)
    complete_actions(worker_context, [make_action() for _ in range(30)])
    move_to_the_past(store, MARCH)
    stopping, completed = threading.Event(), []

    def play() -> None:
        while not stopping.is_set():
            completed.append(complete_actions(worker_context, [make_action() for _ in range(5)]))

    def archive_beside() -> None:
        try:
            while list_months(store):
                archive(store, settings.archive_path, part_rows=5, step_seconds=0)
        finally:
            stopping.set()

    work = iter((play, play, archive_beside))
    run_in_threads(lambda: next(work)(), count=3)
    assert completed
    assert len(read_archive(settings.archive_path)) == 30
    assert find_broken(store, settings, read_archives=True) == {}
