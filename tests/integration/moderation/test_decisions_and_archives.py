"""Decisions beside archiving: what is archived still counts, and no month loses a decision."""

from collections.abc import Iterator
from pathlib import Path
from uuid import uuid4

import pytest
from sqlalchemy import text

from domain.actions import reversal
from domain.actions.chain import SCORE
from domain.actions.model import NewAction, Status
from domain.actions.recovery import SINGLE_ATTEMPTS, isolate
from domain.archives.model import ArchiveStep
from domain.boards.model import GLOBAL_BOARD
from domain.boards.rebuild import rebuild_board
from domain.errors import NotFoundError, TransientError
from domain.moderation.deciding import Decision
from tests.archives import (
    MARCH,
    archive,
    archive_all,
    drop_old_months,
    list_months,
    move_to_the_past,
)
from tests.batches import get_batch, set_attempts
from tests.integration.moderation.taking_back import (
    check,
    complete,
    decide,
    make_boards,
    read_row,
    read_scores,
    take,
)
from tests.pipeline import finish_batch
from tests.state_checksum import find_differences, read_state
from workers.chain import run_link
from workers.context import WorkerContext

ADA = uuid4()


@pytest.fixture
def context(worker_context: WorkerContext) -> Iterator[WorkerContext]:
    """A worker with boards without periods: actions may be of any month."""
    rebuild_board(worker_context.store, board=GLOBAL_BOARD)
    make_boards(worker_context.store, with_periods=False)
    yield worker_context
    drop_old_months(worker_context.store)


@pytest.fixture
def old(context: WorkerContext) -> list[NewAction]:
    """Ada's three actions of March."""
    actions = complete(context, ADA, 150, 70, 500)
    move_to_the_past(context.store, MARCH)
    return actions


@pytest.fixture
def today(context: WorkerContext, old: list[NewAction]) -> NewAction:
    """Ada's largest and last action, while the others are in the archive."""
    (action,) = complete(context, ADA, 700)
    with context.store.write() as connection:
        connection.execute(text("UPDATE user_scores SET first_action = :at"), {"at": MARCH})
    assert ArchiveStep.DROPPED in archive_all(context.store, context.settings.archive_path)
    return action


def list_parts(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.ndjson.gz"))


def test_what_is_left_is_read_from_the_archive(context: WorkerContext, today: NewAction) -> None:
    store = context.store
    before = read_state(store)
    decide(context, today, Decision.VOID)
    assert read_scores(store, [ADA]) == [720]
    check(context)
    decide(context, today, Decision.RESTORE)
    assert find_differences(before, read_state(store)) == []
    check(context)


def test_an_archived_action_is_not_decided_on(
    context: WorkerContext, old: list[NewAction], today: NewAction
) -> None:
    for decision in Decision:
        with pytest.raises(NotFoundError, match="archived"):
            take(context.store, old[0], decision)


def test_a_decision_whose_archive_is_missing_waits_and_is_no_poison(
    context: WorkerContext, today: NewAction
) -> None:
    store = context.store
    before = read_state(store)
    (part,) = list_parts(context.settings.archive_path)
    kept = part.read_bytes()
    part.unlink()
    outcome = take(store, today, Decision.VOID)
    assert outcome.batch_id is not None
    for _ in range(4):
        with pytest.raises(TransientError, match=r"is missing in ARCHIVE_PATH"):
            run_link(context, link=SCORE, batch_id=outcome.batch_id)
    # What fails in another way neither.
    set_attempts(store, outcome.batch_id, SINGLE_ATTEMPTS)
    batch = get_batch(store, outcome.batch_id)
    assert isolate(store, batch=batch) == (outcome.batch_id,)
    assert read_row(store, today)[0] == Status.APPLIED
    assert find_differences(before, read_state(store)) == []
    part.write_bytes(kept)
    finish_batch(context, outcome.batch_id)
    assert read_row(store, today)[0] == Status.VOIDED
    check(context)


def test_a_month_with_a_decision_on_its_way_is_not_archived(
    context: WorkerContext, old: list[NewAction]
) -> None:
    store, folder = context.store, context.settings.archive_path
    outcome = take(store, old[1], Decision.VOID)
    assert outcome.batch_id is not None
    assert archive_all(store, folder)[-1] is ArchiveStep.BLOCKED
    finish_batch(context, outcome.batch_id)
    assert ArchiveStep.DROPPED in archive_all(store, folder)
    assert read_scores(store, [ADA]) == [650]
    check(context)


@pytest.mark.parametrize("is_done", [False, True])
def test_a_decision_on_what_is_exported_already_is_not_lost(
    context: WorkerContext, old: list[NewAction], is_done: bool
) -> None:
    store, folder = context.store, context.settings.archive_path
    assert archive(store, folder).step is ArchiveStep.EXPORTED
    outcome = take(store, old[1], Decision.VOID)
    assert outcome.batch_id is not None
    if not is_done:
        assert archive(store, folder).step is ArchiveStep.CHANGED
        assert list_months(store)
    finish_batch(context, outcome.batch_id)
    assert archive_all(store, folder)[-1] is not ArchiveStep.BLOCKED
    assert not list_months(store)
    check(context)


def test_a_decision_while_the_month_is_dropped_waits_for_it(
    context: WorkerContext, old: list[NewAction]
) -> None:
    """The decision writes the row, so that the month cannot be dropped under it."""
    store = context.store
    (march,) = list_months(store)
    with store.write() as connection:
        connection.execute(text(f"LOCK TABLE {march} IN SHARE MODE"))
        with pytest.raises(TransientError):
            take(store, old[0], Decision.VOID)
    decide(context, old[0], Decision.VOID)
    check(context)


def test_a_month_that_is_archived_while_the_ledger_is_folded_counts_once(
    context: WorkerContext, old: list[NewAction], monkeypatch: pytest.MonkeyPatch
) -> None:
    store = context.store
    (action,) = complete(context, ADA, 700)
    with store.write() as connection:
        connection.execute(text("UPDATE user_scores SET first_action = :at"), {"at": MARCH})
    write = reversal._write

    def archive_first(*arguments: object) -> object:
        assert ArchiveStep.DROPPED in archive_all(store, context.settings.archive_path)
        return write(*arguments)  # type: ignore[arg-type]

    monkeypatch.setattr(reversal, "_write", archive_first)
    decide(context, action, Decision.VOID)
    assert read_scores(store, [ADA]) == [720]
    check(context)
