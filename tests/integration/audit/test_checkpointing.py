"""Checkpoints on the real database and a real file, through crashes and damage."""

import threading
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.audit import checkpointing
from domain.audit.checkpoint_file import CheckpointFileError, KeptCheckpoints, find_last
from domain.audit.checkpointing import Signing, UnsoundLogError, keep_outside, sign_next
from domain.audit.hash_chain import Head
from domain.audit.log_reading import Witnesses, verify_log
from domain.store.postgres.audit import find_hash, insert_entry, read_head
from domain.store.postgres.checkpoints import iterate_checkpoints
from domain.store.postgres.tables import metadata
from domain.store.store import Store
from tests.unit.audit.logs import KEY, extend, make_key
from tests.verification import change
from tests.waiting import run_in_threads


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "kept" / "checkpoints.txt"


def grow(store: Store, count: int, *, seed: int = 1) -> None:
    """Append entries as the pipeline does."""
    with store.write() as connection:
        for entry in extend([], read_head(connection), Random(seed), count=count):
            insert_entry(connection, entry=entry)


def sign(store: Store, path: Path, *, chunk: int = 1_000) -> Signing | None:
    now = datetime.now(UTC)
    return sign_next(store, key=KEY, path=path, now=now, chunk_entries=chunk)


def sign_and_keep(store: Store, path: Path) -> None:
    sign(store, path)
    keep_outside(store, path=path)


def list_sizes(store: Store) -> list[int]:
    with store.write() as connection:
        return [checkpoint.size for checkpoint in iterate_checkpoints(connection)]


def find_faults(store: Store, path: Path) -> list[str]:
    report = verify_log(store, witnesses=Witnesses(KeptCheckpoints(path), [KEY.public]))
    return list(report.faults)


def test_an_empty_log_has_no_checkpoint(store: Store, path: Path) -> None:
    assert sign(store, path) == Signing(0, 0, 0)
    assert keep_outside(store, path=path) == 0
    assert (list_sizes(store), path.exists(), find_faults(store, path)) == ([], False, [])


def test_a_log_that_grows_is_signed_in_parts_and_once(store: Store, path: Path) -> None:
    grow(store, 25)
    signed = [sign(store, path, chunk=10) for _ in range(4)]
    assert signed == [Signing(10, 10, 15), Signing(10, 20, 5), Signing(5, 25, 0), Signing(0, 25, 0)]
    assert keep_outside(store, path=path) == 3
    grow(store, 3, seed=2)
    sign_and_keep(store, path)
    assert list_sizes(store) == [10, 20, 25, 28]
    assert find_faults(store, path) == []
    with store.write() as connection:
        notes = [checkpoint.note for checkpoint in iterate_checkpoints(connection)]
    assert path.read_text() == "".join(f"{note}\n" for note in notes)


def test_keepers_at_the_same_time_sign_one_sequence(store: Store, path: Path) -> None:
    grow(store, 200)
    failures: list[Exception] = []

    def work() -> None:
        for _ in range(10):
            sign(store, path, chunk=7)
            try:
                keep_outside(store, path=path)
            except CheckpointFileError as error:
                # Another wrote more than one at this moment; the next round has them.
                failures.append(error)

    run_in_threads(work, count=4)
    while (signing := sign(store, path)) is None or signing.left:
        pass
    keep_outside(store, path=path)
    assert list_sizes(store)[-1] == 200
    assert find_faults(store, path) == []


def test_while_another_signs_nothing_is_done_and_the_log_goes_on(
    store: Store, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grow(store, 5)
    inside, go_on = threading.Event(), threading.Event()
    insert_checkpoint = checkpointing.insert_checkpoint

    def wait(*arguments: object, **named: object) -> None:
        inside.set()
        assert go_on.wait(20)
        insert_checkpoint(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(checkpointing, "insert_checkpoint", wait)
    other = threading.Thread(target=lambda: sign(store, path))
    other.start()
    assert inside.wait(20)
    assert sign(store, path) is None
    grow(store, 2, seed=3)
    go_on.set()
    other.join()
    assert list_sizes(store) == [5]


def test_a_crash_between_database_and_file_is_repaired_with_the_next(
    store: Store, path: Path
) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    grow(store, 4, seed=2)
    sign(store, path)
    assert find_faults(store, path) == ["the file lacks checkpoint 8, which the database has"]
    grow(store, 4, seed=3)
    sign_and_keep(store, path)
    assert find_faults(store, path) == []


@pytest.mark.parametrize("left", ["all", "half", "one byte", "zeros"])
def test_a_record_that_a_crash_cut_is_written_again(store: Store, path: Path, left: str) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    whole = path.read_bytes()
    grow(store, 4, seed=2)
    sign_and_keep(store, path)
    record = path.read_bytes()[len(whole) :]
    cut = {"all": record[:-1], "half": record[:90], "one byte": record[:1], "zeros": bytes(80)}
    path.write_bytes(whole + cut[left])
    assert find_faults(store, path) != []
    assert keep_outside(store, path=path) == 1
    assert path.read_bytes() == whole + record
    assert find_faults(store, path) == []


def test_a_file_that_was_lost_is_written_again_from_the_database(store: Store, path: Path) -> None:
    for seed in (1, 2, 3):
        grow(store, 4, seed=seed)
        sign_and_keep(store, path)
    kept = path.read_bytes()
    path.unlink()
    assert keep_outside(store, path=path) == 3
    assert path.read_bytes() == kept


def test_what_others_wrote_to_the_file_is_not_written_over(store: Store, path: Path) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    with path.open("ab") as file:
        file.write(b"something else")
    kept = path.read_bytes()
    grow(store, 4, seed=2)
    sign(store, path)
    with pytest.raises(CheckpointFileError):
        keep_outside(store, path=path)
    assert path.read_bytes() == kept
    assert "record 2 of the checkpoint file is damaged" in find_faults(store, path)


def test_a_file_that_cannot_be_written_does_not_keep_the_log_from_being_signed(
    store: Store, path: Path
) -> None:
    path.mkdir(parents=True)
    grow(store, 4)
    assert sign(store, path) == Signing(4, 4, 0)
    with pytest.raises(OSError, match="Is a directory"):
        keep_outside(store, path=path)


def test_nothing_is_signed_after_the_database_was_set_back(store: Store, path: Path) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    grow(store, 4, seed=2)
    sign_and_keep(store, path)
    change(store, "DELETE FROM audit_log WHERE seq > 4")
    change(store, "DELETE FROM audit_checkpoints WHERE size > 4")
    with store.write() as connection:
        digest = find_hash(connection, seq=4)
    change(store, "UPDATE audit_head SET seq = 4, hash = :digest", digest=digest)
    grow(store, 9, seed=5)
    with pytest.raises(UnsoundLogError, match="lacks checkpoint 8, which the file has"):
        sign(store, path)
    assert list_sizes(store) == [4]
    assert "the database lacks checkpoint 8, which the file has" in find_faults(store, path)


@pytest.mark.parametrize(
    ("statement", "sentence"),
    [
        ("UPDATE audit_log SET entry = entry || ' ' WHERE seq = 6", "audit entry 6 does not"),
        ("DELETE FROM audit_log WHERE seq = 6", "audit entry 6 is missing"),
        ("DELETE FROM audit_log WHERE seq = 4", "audit entry 4, which was signed, is missing"),
        ("UPDATE audit_checkpoints SET subtrees = 'x'", "checkpoint 4 was changed"),
        ("UPDATE audit_checkpoints SET note = 'x'", "checkpoint 4 is another in the file"),
        ("UPDATE audit_checkpoints SET size = 3", "the database lacks checkpoint 4"),
        ("UPDATE audit_head SET seq = 2", "the log's head is before its last entry"),
    ],
)
def test_a_log_that_does_not_hold_is_not_signed(
    store: Store, path: Path, statement: str, sentence: str
) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    grow(store, 4, seed=2)
    change(store, statement)
    with pytest.raises(UnsoundLogError, match=sentence):
        sign(store, path)


def test_a_new_key_continues_what_the_former_one_signed(store: Store, path: Path) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    grow(store, 4, seed=2)
    other = make_key(9)
    sign_next(store, key=other, path=path, now=datetime.now(UTC))
    keep_outside(store, path=path)
    both = Witnesses(KeptCheckpoints(path), [KEY.public, other.public])
    assert verify_log(store, witnesses=both).holds
    assert find_faults(store, path) == [
        "checkpoint 8 in the database is not signed by a key that is known"
    ]


def test_a_checkpoint_that_is_made_during_a_check_is_no_fault(store: Store, path: Path) -> None:
    grow(store, 4)
    sign_and_keep(store, path)
    witnesses = Witnesses(KeptCheckpoints(path), [KEY.public])
    grow(store, 4, seed=2)
    sign_and_keep(store, path)
    last = find_last(path)
    assert last is not None
    assert verify_log(store, witnesses=witnesses).holds
    # As the file looks to a check whose moment of the database was before the last checkpoint.
    change(store, "DELETE FROM audit_checkpoints WHERE size = 8")
    assert verify_log(store, witnesses=witnesses).holds
    assert find_faults(store, path) == ["the database lacks checkpoint 8, which the file has"]


def change_a_character(column: str) -> str:
    """Change one in row {0}, at a place that depends on it."""
    place = f"(1 + {{0}} * 37 % length({column}))"
    other = f"CASE WHEN substr({column}, {place}, 1) = '7' THEN '3' ELSE '7' END"
    return (
        f"UPDATE audit_log SET {column} = overlay({column} PLACING {other} FROM {place} FOR 1)"
        " WHERE seq = {0}"
    )


DAMAGE = {
    "entry": change_a_character("entry"),
    "leaves": change_a_character("leaves"),
    "hash": "UPDATE audit_log SET hash = set_byte(hash, 5, 255 - get_byte(hash, 5)) WHERE seq = {}",
    "batch": "UPDATE audit_log SET batch_id = gen_random_uuid() WHERE seq = {}",
    "delete": "DELETE FROM audit_log WHERE seq = {}",
    "cut": "DELETE FROM audit_log WHERE seq >= {}",
    "move": "UPDATE audit_log SET seq = seq + 100 WHERE seq = {}",
    "all": "DELETE FROM audit_log",
    "note": "UPDATE audit_checkpoints SET note = overlay(note PLACING '~' FROM {} FOR 1)",
    "subtrees": "UPDATE audit_checkpoints SET subtrees = substr(subtrees, {} + 1)",
    "time": "UPDATE audit_checkpoints SET signed_at = signed_at + {} * interval '1 microsecond'",
    "drop": "DELETE FROM audit_checkpoints WHERE size = 20",
    "drop all": "DELETE FROM audit_checkpoints",
    "head": "UPDATE audit_head SET seq = {} - 1",
}
TABLES = ("audit_log", "audit_checkpoints", "audit_head")


@pytest.fixture
def restore(store: Store) -> Callable[[], None]:
    """Put the tables back to what they were when this was asked for the first time."""
    saved: dict[str, Sequence[Any]] = {}

    def run() -> None:
        with store.write() as connection:
            for name in TABLES:
                table = metadata.tables[name]
                if name not in saved:
                    saved[name] = connection.execute(table.select()).mappings().all()
                connection.execute(table.delete())
                connection.execute(table.insert(), list(saved[name]))

    return run


@pytest.mark.parametrize("kind", DAMAGE)
def test_what_is_done_to_the_real_tables_is_found(
    store: Store, path: Path, restore: Callable[[], None], kind: str
) -> None:
    grow(store, 20)
    sign_and_keep(store, path)
    grow(store, 20, seed=2)
    sign_and_keep(store, path)
    restore()
    assert find_faults(store, path) == []
    for number in (1, 14, 27, 40):
        change(store, DAMAGE[kind].format(number))
        assert find_faults(store, path) != []
        restore()
    assert find_faults(store, path) == []


def rewrite(store: Store, first: int) -> None:
    """Make the log again from an entry on, with every hash right, and without its checkpoints."""
    change(store, f"DELETE FROM audit_log WHERE seq >= {first}")
    change(store, "DELETE FROM audit_checkpoints")
    with store.write() as connection:
        digest = find_hash(connection, seq=first - 1) if first > 1 else Head().hash
        assert digest is not None
        for entry in extend(
            [], Head(first - 1, digest), Random(f"again {first}"), count=41 - first
        ):
            insert_entry(connection, entry=entry)


@pytest.mark.parametrize("first", [1, 20, 21, 40])
def test_a_log_that_was_made_again_is_given_away_by_the_file_alone(
    store: Store, path: Path, first: int
) -> None:
    grow(store, 20)
    sign_and_keep(store, path)
    grow(store, 20, seed=2)
    sign_and_keep(store, path)
    rewrite(store, first)
    after, size = (1, 20) if first <= 20 else (21, 40)
    assert (
        f"the log was rewritten: an entry of {after} to {size} is not the one that was signed"
        f" with checkpoint {size}"
    ) in find_faults(store, path)
