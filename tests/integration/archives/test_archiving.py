"""Archiving: months leave the database whole, for files and totals, with nothing lost."""

from datetime import UTC, datetime
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.actions.intake import accept_actions
from domain.actions.model import Status
from domain.archives.files import hash_file
from domain.archives.model import ArchiveOutcome, ArchiveStep
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
from tests.factories import Player, make_action, make_player, make_stored_action
from tests.pipeline import finish_batch
from workers.context import WorkerContext


def test_an_old_month_becomes_files_and_totals(store: Store, folder: Path, player: Player) -> None:
    other = make_player(store)
    applied = make_stored_action(
        store, player, at=MARCH, score_delta=70, checks={"velocity": "seen"}
    )
    make_stored_action(store, other, at=MARCH, score_delta=30)
    make_stored_action(store, player, at=MARCH, score_delta=999, status=Status.REJECTED)
    make_stored_action(store, player, at=MARCH, score_delta=5, status=Status.FAILED)
    scores, ids = read_rows(store, "user_scores"), read_rows(store, "action_ids")

    assert archive(store, folder) == ArchiveOutcome(
        ArchiveStep.EXPORTED, "user_actions_y2026m03", 4
    )
    assert list_months(store) == {"user_actions_y2026m03"}
    assert archive(store, folder) == ArchiveOutcome(ArchiveStep.DROPPED, "user_actions_y2026m03", 4)

    assert list_months(store) == set()
    assert read_totals(store) == {player.user_id: (1, 70), other.user_id: (1, 30)}
    assert read_rows(store, "user_scores") == scores
    assert read_rows(store, "action_ids") == ids
    row = read_rows(store, "archived_partitions")[0]
    assert (row.row_count, row.applied_score) == (4, 100)
    assert row.sha256 == hash_file(folder / row.file_name)
    lines = {line["action_id"]: line for line in read_archive(folder)}
    assert len(lines) == 4
    line = lines[str(applied)]
    assert line["metadata"] == {"text": 'a "quoted" \\ path,\nand a line'}
    assert line["created_at"] == "2026-03-14T15:09:26+00:00"
    assert (line["verdict"], line["checks"]) == ("pass", {"velocity": "seen"})
    assert archive(store, folder).step is ArchiveStep.NOTHING_OLD


def test_every_column_is_in_the_file(store: Store, folder: Path, player: Player) -> None:
    make_stored_action(store, player, at=MARCH)
    (action,) = read_rows(store, "user_actions")
    archive_all(store, folder)
    (line,) = read_archive(folder)
    assert set(line) == set(action._fields)


def test_the_actions_of_a_player_stand_together_in_their_order(store: Store, folder: Path) -> None:
    players = [make_player(store) for _ in range(3)]
    for number in range(12):
        make_stored_action(store, players[number % 3], at=MARCH)
    archive_all(store, folder, part_rows=5)
    keys = [(line["user_id"], line["action_no"]) for line in read_archive(folder)]
    assert keys == sorted(keys)
    assert len(set(keys)) == 12


def test_the_totals_of_two_months_add_up(store: Store, folder: Path, player: Player) -> None:
    make_stored_action(store, player, at=MARCH, score_delta=1)
    make_stored_action(store, player, at=APRIL, score_delta=2)
    assert archive_all(store, folder) == [
        ArchiveStep.EXPORTED,
        ArchiveStep.DROPPED,
        ArchiveStep.EXPORTED,
        ArchiveStep.DROPPED,
        ArchiveStep.NOTHING_OLD,
    ]
    assert read_totals(store) == {player.user_id: (2, 3)}


def test_a_month_is_old_only_when_its_last_moment_is(
    store: Store, folder: Path, player: Player
) -> None:
    make_stored_action(store, player, at=MARCH)
    last_moment_kept = datetime(2026, 6, 29, 23, 59, 59, tzinfo=UTC)
    outcome = archive(store, folder, now=last_moment_kept)
    assert outcome.step is ArchiveStep.NOTHING_OLD
    first_moment_old = datetime(2026, 6, 30, tzinfo=UTC)
    assert archive(store, folder, now=first_moment_old).step is ArchiveStep.EXPORTED


def test_retention_off_archives_nothing(store: Store, folder: Path, player: Player) -> None:
    make_stored_action(store, player, at=MARCH)
    assert archive(store, folder, retention_days=0).step is ArchiveStep.OFF
    assert not folder.exists()


@pytest.mark.parametrize("status", [Status.PENDING, Status.QUARANTINED])
def test_a_month_with_an_action_that_is_not_final_stays_and_later_ones_go(
    store: Store, folder: Path, player: Player, status: Status
) -> None:
    waiting = make_stored_action(store, player, at=MARCH, status=status)
    make_stored_action(store, player, at=APRIL)
    assert archive_all(store, folder) == [
        ArchiveStep.EXPORTED,
        ArchiveStep.DROPPED,
        ArchiveStep.BLOCKED,
    ]
    assert list_months(store) == {"user_actions_y2026m03"}
    assert archive(store, folder) == ArchiveOutcome(ArchiveStep.BLOCKED, "user_actions_y2026m03")
    with store.write() as connection:
        set_status(connection, waiting, Status.REJECTED)
    assert archive_all(store, folder)[-2:] == [ArchiveStep.DROPPED, ArchiveStep.NOTHING_OLD]


def test_a_month_waits_for_a_batch_that_is_not_scored(
    worker_context: WorkerContext, folder: Path, player: Player
) -> None:
    store = worker_context.store
    (batch,) = accept_actions(store, actions=[make_action()], reply_to=None).batches
    move_to_the_past(store, MARCH)
    make_stored_action(store, player, at=APRIL)
    assert archive_all(store, folder) == [
        ArchiveStep.EXPORTED,
        ArchiveStep.DROPPED,
        ArchiveStep.BLOCKED,
    ]
    finish_batch(worker_context, batch.batch_id)
    assert archive_all(store, folder) == [
        ArchiveStep.EXPORTED,
        ArchiveStep.DROPPED,
        ArchiveStep.NOTHING_OLD,
    ]
    assert len(read_archive(folder)) == 2


def test_a_month_whose_rows_fill_the_last_part_exactly_is_complete(
    store: Store, folder: Path, player: Player
) -> None:
    for _ in range(4):
        make_stored_action(store, player, at=MARCH)
    assert archive_all(store, folder, part_rows=2)[-2] is ArchiveStep.DROPPED
    assert len(read_archive(folder)) == 4
    assert len(list(folder.glob("*.gz"))) == 2


def test_an_empty_month_is_dropped(store: Store, folder: Path, player: Player) -> None:
    make_stored_action(store, player, at=MARCH)
    with store.write() as connection:
        connection.execute(text("DELETE FROM user_actions"))
    assert archive_all(store, folder)[:2] == [ArchiveStep.EXPORTED, ArchiveStep.DROPPED]
    assert list_months(store) == set()


def test_a_month_that_was_archived_and_restored_is_not_archived_again(
    store: Store, folder: Path, player: Player
) -> None:
    make_stored_action(store, player, at=MARCH)
    archive_all(store, folder)
    make_stored_action(store, player, at=MARCH)
    assert archive(store, folder).step is ArchiveStep.NOTHING_OLD
    assert len(read_rows(store, "user_actions")) == 1


def test_archives_are_the_operators_alone(store: Store, folder: Path, player: Player) -> None:
    make_stored_action(store, player, at=MARCH)
    archive_all(store, folder)
    assert folder.stat().st_mode & 0o077 == 0
    assert all(path.stat().st_mode & 0o077 == 0 for path in folder.iterdir())
