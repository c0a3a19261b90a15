"""Whatever is done to a log, its checkpoints or their file is found: 2,900 mutations, seeded."""

from collections.abc import Callable
from copy import copy
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from random import Random
from typing import Any

import pytest

from domain.audit.hash_chain import AuditEntry, Head, entry_hash
from domain.audit.log_check import LogCheck, pair
from tests.unit.audit.logs import (
    SIZES,
    Log,
    extend,
    find_all_faults,
    head_of,
    make_batch,
    make_key,
    make_log,
    sign,
    write_file,
)

SEEDS = 100
THIEF = make_key(2)


@pytest.fixture(scope="module")
def sound() -> Log:
    return make_log()


def change_text(text: str, random: Random) -> str:
    """Change, add or remove one character."""
    place = random.randrange(len(text))
    other = random.choice([char for char in '01af "\n\\,Z+é' if char != text[place]])
    kinds = [text[:place] + other + text[place + 1 :], text[:place] + text[place + 1 :]]
    kinds.append(text[:place] + other + text[place:])
    return random.choice([kind for kind in kinds if kind != text])


def change_bytes(data: bytes, random: Random) -> bytes:
    place = random.randrange(len(data))
    return data[:place] + bytes([data[place] ^ random.randint(1, 255)]) + data[place + 1 :]


def change_entry(log: Log, random: Random) -> None:
    index = random.randrange(len(log.entries))
    entry = log.entries[index]
    column = random.choice(["entry", "leaves", "batch_id", "hash"])
    value: Any = getattr(entry, column)
    changed = change_bytes(value, random) if column == "hash" else change_text(value, random)
    log.entries[index] = replace(entry, **{column: changed})


def change_number(log: Log, random: Random) -> None:
    index = random.randrange(len(log.entries))
    taken = {entry.seq for entry in log.entries}
    free = [seq for seq in range(-3, 70) if seq not in taken]
    log.entries[index] = replace(log.entries[index], seq=random.choice(free))


def change_entry_and_its_hash(log: Log, random: Random) -> None:
    index = random.randrange(len(log.entries))
    entry = log.entries[index]
    previous = log.entries[index - 1].hash if index else Head().hash
    text = entry.entry.replace("2026", str(random.randint(2000, 2025)))
    text = text if text != entry.entry else change_text(entry.entry, random)
    log.entries[index] = replace(entry, entry=text, hash=entry_hash(previous, text))
    log.head = head_of(log.entries)


def delete(log: Log, random: Random) -> None:
    del log.entries[random.randrange(len(log.entries))]


def delete_and_close_the_gap(log: Log, random: Random) -> None:
    index = random.randrange(len(log.entries))
    later = [replace(entry, seq=entry.seq - 1) for entry in log.entries[index + 1 :]]
    log.entries[index:] = later
    log.head = head_of(log.entries)


def swap(log: Log, random: Random) -> None:
    one, two = random.sample(range(len(log.entries)), 2)
    first, second = log.entries[one], log.entries[two]
    log.entries[one], log.entries[two] = (
        replace(first, seq=second.seq),
        replace(second, seq=first.seq),
    )
    log.head = head_of(sorted(log.entries, key=lambda entry: entry.seq))


def insert(log: Log, random: Random) -> None:
    index = random.randrange(len(log.entries) + 1)
    forged = make_batch(random, head_of(log.entries[:index]))
    later = [replace(entry, seq=entry.seq + 1) for entry in log.entries[index:]]
    log.entries[index:] = [forged, *later]
    # At the very end a forged entry is what the next one would have been: only the head tells.
    log.head = log.head if index == len(later) + index else head_of(log.entries)


def truncate(log: Log, random: Random) -> None:
    del log.entries[random.randrange(len(log.entries)) :]
    log.head = head_of(log.entries)


def truncate_with_checkpoints(log: Log, random: Random) -> None:
    truncate(log, random)
    log.checkpoints = [row for row in log.checkpoints if row.size <= len(log.entries)]


def rewrite(log: Log, random: Random) -> None:
    """Replace every entry from one on; each hash, number and root is right."""
    index = random.randrange(len(log.entries))
    kept = log.entries[:index]
    log.entries = extend(kept, head_of(kept), random, count=SIZES[-1] - index)
    log.head = head_of(log.entries)


def rewrite_one(log: Log, random: Random) -> None:
    """Replace one entry, and chain all that follow it again."""
    index = random.randrange(len(log.entries))
    forged = make_batch(random, head_of(log.entries[:index]))
    chained = [*log.entries[:index], forged]
    for entry in log.entries[index + 1 :]:
        digest = entry_hash(chained[-1].hash, entry.entry)
        chained.append(replace(entry, hash=digest))
    log.entries, log.head = chained, head_of(chained)


def rewrite_without_checkpoints(log: Log, random: Random) -> None:
    rewrite(log, random)
    log.checkpoints = []


def rewrite_and_sign(log: Log, random: Random) -> None:
    """Rewrite everything, file and checkpoints too, and sign with another key."""
    rewrite(log, random)
    log.checkpoints = sign(log.entries, sizes=SIZES, key=THIEF)
    log.file = write_file(log.checkpoints)


def rewrite_and_keep_the_file(log: Log, random: Random) -> None:
    rewrite(log, random)
    log.checkpoints = sign(log.entries, sizes=SIZES, key=random.choice([THIEF, make_key()]))


def rewrite_behind_a_checkpoint_and_drop_the_later_ones(log: Log, random: Random) -> None:
    """Take both, the database's and the file's, back to what still holds; only the head is left."""
    rewrite(log, random)
    log.checkpoints = [row for row in log.checkpoints if row.size <= random.choice(SIZES)]


def change_checkpoint(log: Log, random: Random) -> None:
    index = random.randrange(len(log.checkpoints))
    row = log.checkpoints[index]
    column = random.choice(["note", "subtrees", "signed_at", "size"])
    changed: Any = {
        "note": lambda: change_text(row.note, random),
        "subtrees": lambda: change_bytes(row.subtrees, random),
        "signed_at": lambda: row.signed_at + timedelta(microseconds=random.randint(1, 10**9)),
        "size": lambda: random.choice([-1, 0, row.size + 1, row.size - 1, 61]),
    }[column]()
    log.checkpoints[index] = replace(row, **{column: changed})


def cut_subtrees(log: Log, random: Random) -> None:
    index = random.randrange(len(log.checkpoints))
    row = log.checkpoints[index]
    log.checkpoints[index] = replace(
        row, subtrees=row.subtrees[: random.randrange(len(row.subtrees))]
    )


def delete_checkpoints(log: Log, random: Random) -> None:
    for _ in range(random.randint(1, len(log.checkpoints))):
        del log.checkpoints[random.randrange(len(log.checkpoints))]


def swap_checkpoints(log: Log, random: Random) -> None:
    one, two = random.sample(range(len(log.checkpoints)), 2)
    rows = log.checkpoints
    first, second = rows[one], rows[two]
    rows[one], rows[two] = replace(second, size=first.size), replace(first, size=second.size)


def sign_again(log: Log, random: Random) -> None:
    index = random.randrange(len(log.checkpoints))
    log.checkpoints[index] = sign(log.entries, sizes=SIZES, key=THIEF)[index]


def add_a_checkpoint(log: Log, random: Random) -> None:
    size = random.choice([size for size in range(1, 60) if size not in SIZES])
    (row,) = sign(log.entries, sizes=[size], key=random.choice([THIEF, make_key()]))
    log.checkpoints.append(row)


def change_file(log: Log, random: Random) -> None:
    log.file = change_bytes(log.file, random)


def cut_file(log: Log, random: Random) -> None:
    log.file = log.file[: random.randrange(len(log.file))]


def cut_the_beginning_of_the_file(log: Log, random: Random) -> None:
    log.file = log.file[random.randrange(1, len(log.file)) :]


def add_to_file(log: Log, random: Random) -> None:
    noise = bytes(random.randrange(256) for _ in range(random.randint(1, 300)))
    place = random.choice([0, len(log.file), random.randrange(len(log.file))])
    log.file = log.file[:place] + noise + log.file[place:]


def shuffle_file(log: Log, random: Random) -> None:
    records = [f"{row.note}\n" for row in log.checkpoints]
    shuffled = random.sample(records, len(records))
    if shuffled == records:
        shuffled.append(records[-1])
    log.file = "".join(shuffled).encode()


def leave_a_record_out(log: Log, random: Random) -> None:
    rows = list(log.checkpoints)
    del rows[random.randrange(len(rows))]
    log.file = write_file(rows)


def sign_the_file_again(log: Log, random: Random) -> None:
    rows = list(log.checkpoints)
    index = random.randrange(len(rows))
    rows[index] = sign(log.entries, sizes=SIZES, key=THIEF)[index]
    log.file = write_file(rows)


MUTATIONS: list[Callable[[Log, Random], None]] = [
    change_entry,
    change_entry,
    change_number,
    change_entry_and_its_hash,
    delete,
    delete_and_close_the_gap,
    swap,
    insert,
    truncate,
    truncate_with_checkpoints,
    rewrite,
    rewrite_one,
    rewrite_without_checkpoints,
    rewrite_and_sign,
    rewrite_and_keep_the_file,
    rewrite_behind_a_checkpoint_and_drop_the_later_ones,
    change_checkpoint,
    cut_subtrees,
    delete_checkpoints,
    swap_checkpoints,
    sign_again,
    add_a_checkpoint,
    change_file,
    cut_file,
    cut_the_beginning_of_the_file,
    add_to_file,
    shuffle_file,
    leave_a_record_out,
    sign_the_file_again,
]


def test_an_untouched_log_holds(sound: Log, tmp_path: Path) -> None:
    assert find_all_faults(sound, tmp_path / "file") == []


@pytest.mark.parametrize("mutate", MUTATIONS, ids=lambda mutate: mutate.__name__)
def test_every_mutation_is_found(
    sound: Log, tmp_path: Path, mutate: Callable[[Log, Random], None]
) -> None:
    missed = []
    for seed in range(SEEDS):
        log = copy(sound)
        log.entries, log.checkpoints = list(sound.entries), list(sound.checkpoints)
        mutate(log, Random(f"{mutate.__name__} {seed}"))
        assert log != sound
        if not find_all_faults(log, tmp_path / "file"):
            missed.append(seed)
    assert missed == []


def find(log: Log, path: Path, mutate: Callable[[list[AuditEntry]], None]) -> list[str]:
    entries = list(log.entries)
    mutate(entries)
    return find_all_faults(replace(log, entries=entries), path)


def test_the_first_bad_entry_is_named(sound: Log, tmp_path: Path) -> None:
    def change(entries: list[AuditEntry]) -> None:
        entries[24] = replace(entries[24], entry=entries[24].entry.replace("2026", "2025"))

    found = find(sound, tmp_path / "file", change)
    assert found == [
        "audit entry 25 was changed or does not follow the one before it",
        "the log was rewritten: an entry of 21 to 33 is not the one that was signed with"
        " checkpoint 33",
    ]


def test_a_log_that_was_cut_or_rewritten_is_told_since_which_checkpoint(
    sound: Log, tmp_path: Path
) -> None:
    cut = replace(sound, entries=sound.entries[:40], head=head_of(sound.entries[:40]))
    assert find_all_faults(cut, tmp_path / "file") == [
        "the log was cut: it has 40 entries, and checkpoint 48 was signed"
    ]
    rewritten = copy(sound)
    rewritten.entries = extend(sound.entries[:25], head_of(sound.entries[:25]), Random(3), count=35)
    rewritten.head = head_of(rewritten.entries)
    assert find_all_faults(rewritten, tmp_path / "file") == [
        "the log was rewritten: an entry of 21 to 33 is not the one that was signed with"
        " checkpoint 33"
    ]


def test_without_a_file_the_database_alone_is_checked(sound: Log) -> None:
    check = LogCheck([make_key().public])
    marks = pair(sound.checkpoints, None, last_stored=60)
    assert list(check.find_faults(sound.entries, marks)) == []
    assert (check.checkpoints, check.unsigned) == (5, 0)
