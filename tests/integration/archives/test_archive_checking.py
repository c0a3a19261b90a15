"""Checking archives: undamaged ones give no finding, and every change is named."""

import gzip
from pathlib import Path

import pytest
from sqlalchemy import text

from domain.actions.model import Status
from domain.archives.checking import find_damage, list_archives
from domain.archives.files import write_lines
from domain.store.store import Store
from tests.archives import APRIL, MARCH, archive_all
from tests.factories import Player, make_stored_action

PART = "user_actions_y2026m03.00002.ndjson.gz"


@pytest.fixture
def folder(store: Store, player: Player, tmp_path: Path) -> Path:
    """Two archived months, the first in two parts."""
    for at in (MARCH, MARCH, MARCH, APRIL):
        make_stored_action(store, player, at=at, score_delta=10)
    make_stored_action(store, player, at=APRIL, status=Status.REJECTED)
    archive_all(store, tmp_path, part_rows=2)
    return tmp_path


def test_undamaged_archives_give_no_finding(store: Store, folder: Path) -> None:
    assert list(find_damage(store, archive_path=folder)) == []
    assert [(row.name, row.rows, row.applied_score) for row in list_archives(store)] == [
        ("user_actions_y2026m03", 3, 30),
        ("user_actions_y2026m04", 2, 10),
    ]


def test_a_damaged_part_is_named(store: Store, folder: Path) -> None:
    path = folder / PART
    path.write_bytes(path.read_bytes()[:-1] + b"\xff")
    assert list(find_damage(store, archive_path=folder)) == [
        f"{PART} is damaged: its checksum differs"
    ]


def test_a_part_that_was_rewritten_with_another_score_is_named(store: Store, folder: Path) -> None:
    path = folder / PART
    lines = gzip.decompress(path.read_bytes()).replace(b'"score_delta":10', b'"score_delta":99')
    write_lines(path, lines.splitlines())
    (sentence,) = find_damage(store, archive_path=folder)
    assert sentence.startswith(f"{PART} is damaged")


def test_a_missing_part_and_a_missing_manifest_are_named(store: Store, folder: Path) -> None:
    (folder / PART).unlink()
    (folder / "user_actions_y2026m04.manifest.json").unlink()
    assert list(find_damage(store, archive_path=folder)) == [
        f"{PART} is missing",
        "user_actions_y2026m04.manifest.json is missing",
    ]


def test_a_changed_manifest_is_named(store: Store, folder: Path) -> None:
    path = folder / "user_actions_y2026m04.manifest.json"
    path.write_text(path.read_text().replace('"appliedScore": 10', '"appliedScore": 11'))
    assert list(find_damage(store, archive_path=folder)) == [
        "user_actions_y2026m04.manifest.json is not the one that was archived: its checksum differs"
    ]


def test_totals_that_the_files_do_not_add_up_to_name_the_user(
    store: Store, folder: Path, player: Player
) -> None:
    with store.write() as connection:
        connection.execute(text("UPDATE archived_totals SET applied_score = applied_score + 1"))
    assert list(find_damage(store, archive_path=folder)) == [
        f"the archived totals of user {player.user_id} are not what the files add up to"
    ]
