"""Archiving that is killed, disturbed, run concurrently or finds damaged files."""

import threading
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from sqlalchemy import Connection, text

from domain.actions.intake import accept_actions
from domain.actions.model import Status
from domain.archives import archiving
from domain.archives.model import ArchiveStep
from domain.store.postgres.partitions import make_partition
from domain.store.store import Store
from tests.archives import (
    APRIL,
    MARCH,
    archive,
    archive_all,
    list_months,
    move_to_the_past,
    read_archive,
    read_rows,
    read_totals,
    set_status,
)
from tests.factories import Player, make_action, make_stored_action
from tests.pipeline import finish_batch
from tests.waiting import run_in_threads
from workers.context import WorkerContext


def test_an_export_goes_on_where_it_was_killed(
    store: Store, folder: Path, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    ids = [make_stored_action(store, player, at=MARCH, action_id=uuid4()) for _ in range(7)]
    whole = folder.with_name("whole")
    with store.write() as connection:
        archiving._export(
            connection,
            make_partition(MARCH),
            whole,
            archiving._open_manifest(whole, make_partition(MARCH)),
            deadline=float("inf"),
            part_rows=3,
        )
    written = 0
    export_next_part = archiving.export_next_part

    def killed_after_two(*args: Any, **kwargs: Any) -> Any:
        nonlocal written
        written += 1
        if written == 2:
            raise KeyboardInterrupt
        return export_next_part(*args, **kwargs)

    monkeypatch.setattr(archiving, "export_next_part", killed_after_two)
    assert archive(store, folder, part_rows=3, step_seconds=0).rows == 3
    with pytest.raises(KeyboardInterrupt):
        archive(store, folder, part_rows=3)
    assert archive_all(store, folder, part_rows=3)[-2] is ArchiveStep.DROPPED

    assert {path.name: path.read_bytes() for path in folder.iterdir()} == {
        path.name: path.read_bytes() for path in whole.iterdir()
    }
    assert sorted(line["action_id"] for line in read_archive(folder)) == sorted(map(str, ids))


def test_a_failure_between_the_totals_and_the_drop_leaves_all_as_it_was(
    store: Store, folder: Path, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stored_action(store, player, at=MARCH, score_delta=7)
    archive(store, folder)

    def killed(*_: Any) -> bool:
        raise KeyboardInterrupt

    with monkeypatch.context() as broken:
        broken.setattr(archiving, "try_drop", killed)
        with pytest.raises(KeyboardInterrupt):
            archive(store, folder)
    assert read_totals(store) == {}
    assert read_rows(store, "archived_partitions") == []
    assert len(read_rows(store, "user_actions")) == 1

    assert archive(store, folder).step is ArchiveStep.DROPPED
    assert read_totals(store) == {player.user_id: (1, 7)}


@pytest.mark.parametrize("status", [Status.VOIDED, Status.PENDING])
def test_a_row_changed_after_its_export_restarts_the_export(
    store: Store, folder: Path, player: Player, status: Status
) -> None:
    changed = make_stored_action(store, player, at=MARCH, score_delta=7)
    archive(store, folder)
    with store.write() as connection:
        set_status(connection, changed, status, step=int(status is Status.VOIDED))
    assert archive(store, folder).step is ArchiveStep.CHANGED
    assert list(folder.iterdir()) == []
    assert read_totals(store) == {}
    with store.write() as connection:
        set_status(connection, changed, Status.VOIDED)
    assert archive_all(store, folder)[:2] == [ArchiveStep.EXPORTED, ArchiveStep.DROPPED]
    assert [line["status"] for line in read_archive(folder)] == ["voided"]
    assert read_totals(store) == {}


def test_a_batch_that_is_pending_after_the_export_restarts_it(
    worker_context: WorkerContext, folder: Path, player: Player
) -> None:
    store = worker_context.store
    make_stored_action(store, player, at=MARCH)
    archive(store, folder)
    (batch,) = accept_actions(store, actions=[make_action()], reply_to=None).batches
    move_to_the_past(store, MARCH)
    assert archive(store, folder).step is ArchiveStep.CHANGED
    assert archive(store, folder).step is ArchiveStep.BLOCKED
    finish_batch(worker_context, batch.batch_id)
    assert archive_all(store, folder)[:2] == [ArchiveStep.EXPORTED, ArchiveStep.DROPPED]
    assert len(read_archive(folder)) == 2


def test_a_row_that_came_after_the_export_is_not_lost(
    store: Store, folder: Path, player: Player
) -> None:
    make_stored_action(store, player, at=MARCH)
    archive(store, folder)
    late = make_stored_action(store, player, at=MARCH)
    assert archive_all(store, folder)[:3] == [
        ArchiveStep.CHANGED,
        ArchiveStep.EXPORTED,
        ArchiveStep.DROPPED,
    ]
    assert str(late) in {line["action_id"] for line in read_archive(folder)}


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_month_is_not_dropped_on_the_word_of_a_damaged_file(
    store: Store, folder: Path, player: Player, damage: str
) -> None:
    make_stored_action(store, player, at=MARCH)
    archive(store, folder)
    (part,) = folder.glob("*.gz")
    if damage == "missing":
        part.unlink()
    else:
        part.write_bytes(part.read_bytes()[:-1] + b"\xff")
    assert archive(store, folder).step is ArchiveStep.CHANGED
    assert len(read_rows(store, "user_actions")) == 1
    assert archive_all(store, folder)[:2] == [ArchiveStep.EXPORTED, ArchiveStep.DROPPED]


def test_a_manifest_that_cannot_be_read_restarts_the_export(
    store: Store, folder: Path, player: Player
) -> None:
    make_stored_action(store, player, at=MARCH)
    archive(store, folder)
    (manifest,) = folder.glob("*.manifest.json")
    manifest.write_text("{")
    assert archive_all(store, folder)[:2] == [ArchiveStep.EXPORTED, ArchiveStep.DROPPED]


def test_a_writer_at_work_puts_the_drop_off_and_its_change_is_seen(
    store: Store, folder: Path, player: Player
) -> None:
    action_id = make_stored_action(store, player, at=MARCH)
    archive(store, folder)
    with store.write() as writer:
        set_status(writer, action_id, Status.VOIDED)
        assert archive(store, folder).step is ArchiveStep.LOCKED_OUT
    assert archive(store, folder).step is ArchiveStep.CHANGED


def test_a_reader_puts_the_drop_off(store: Store, folder: Path, player: Player) -> None:
    make_stored_action(store, player, at=MARCH)
    archive(store, folder)
    with store.write() as reader:
        reader.execute(text("SELECT count(*) FROM user_actions"))
        assert archive(store, folder).step is ArchiveStep.LOCKED_OUT
        assert read_totals(store) == {}
    assert archive(store, folder).step is ArchiveStep.DROPPED


def test_the_drop_locks_no_score_and_no_action_of_another_month(
    store: Store, folder: Path, player: Player, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_stored_action(store, player, at=MARCH)
    make_stored_action(store, player, at=APRIL, status=Status.QUARANTINED)
    archive(store, folder)
    try_drop, allowed = archiving.try_drop, []

    def write_meanwhile(connection: Connection, partition: Any) -> bool:
        with store.write() as other:
            other.execute(text("SET LOCAL lock_timeout = 100"))
            other.execute(text("UPDATE user_scores SET score = score + 1"))
            april = {"april": APRIL}
            other.execute(
                text("UPDATE user_actions SET reason = 'X' WHERE created_at = :april"), april
            )
            other.execute(text("SELECT * FROM user_actions"))
            allowed.append(True)
        return try_drop(connection, partition)

    monkeypatch.setattr(archiving, "try_drop", write_meanwhile)
    assert archive(store, folder).step is ArchiveStep.DROPPED
    assert allowed == [True]


def test_steps_side_by_side_archive_once(store: Store, folder: Path, player: Player) -> None:
    for number in range(40):
        make_stored_action(store, player, at=(MARCH, APRIL)[number % 2], score_delta=1)
    seen: list[ArchiveStep] = []
    start = threading.Barrier(4)

    def work() -> None:
        start.wait(timeout=10)
        while list_months(store):
            seen.append(archive(store, folder, part_rows=3, step_seconds=0).step)

    run_in_threads(work, count=4)
    assert seen.count(ArchiveStep.DROPPED) == 2
    assert read_totals(store) == {player.user_id: (40, 40)}
    assert len(read_archive(folder)) == 40
