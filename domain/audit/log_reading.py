"""Reading the whole log for its check, from the database and the file of checkpoints.

Called by `flask audit verify` and by `domain/verification`. Only SELECT is needed, on the log, its
head and its checkpoints.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path

from domain.audit.checkpoint_file import KeptCheckpoints, find_last
from domain.audit.checkpoints import read_checkpoint
from domain.audit.keys import PublicKey, read_public_key, read_signing_key
from domain.audit.log_check import LogCheck, Mark, pair
from domain.settings import Settings
from domain.store.postgres.audit import iterate_entries, read_head
from domain.store.postgres.checkpoints import find_last_checkpoint, iterate_checkpoints
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.store import Connection, Store

NAMED_FAULTS = 20
# The keeper writes to the file after its commit.
SETTLE_SECONDS = 3.0
LOOK_EVERY_SECONDS = 0.1


@dataclass(frozen=True, slots=True)
class Witnesses:
    """What the log is compared with beside itself: a file of checkpoints, and who may sign them."""

    kept: KeptCheckpoints
    keys: Sequence[PublicKey]


@dataclass(frozen=True, slots=True)
class LogReport:
    """What was found: the faults, of which `more` are not named, and how far the log is signed."""

    faults: Sequence[str]
    more: bool
    check: LogCheck = field(repr=False)

    @property
    def holds(self) -> bool:
        """Whether nothing is wrong."""
        return not self.faults


def call_witnesses(settings: Settings) -> Witnesses:
    """Return the file and the keys of these settings; made before the log is read.

    Raises SettingsError, and OSError.
    """
    keys = [read_public_key(text) for text in settings.audit_former_keys.split()]
    if settings.audit_signing_key:
        keys.append(read_signing_key(settings.audit_signing_key).public)
    return Witnesses(KeptCheckpoints(settings.checkpoint_path), keys)


def verify_log(store: Store, *, witnesses: Witnesses) -> LogReport:
    """Check the log from its first entry to its last; raises DatabaseUnavailableError, OSError."""
    check = LogCheck(witnesses.keys)
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        found = list(
            islice(find_log_faults(connection, check, witnesses=witnesses), NAMED_FAULTS + 1)
        )
    return LogReport(found[:NAMED_FAULTS], len(found) > NAMED_FAULTS, check)


def find_log_faults(
    connection: Connection, check: LogCheck, *, witnesses: Witnesses | None
) -> Iterator[str]:
    """Yield a sentence for each fault of the log; without witnesses of its chain alone.

    The connection sees one moment.
    """
    marks: Iterator[Mark | str] = iter(())
    if witnesses is not None:
        last = find_last_checkpoint(connection)
        last_size = last.size if last else 0
        _settle(witnesses.kept.path, last_size)
        stored = iterate_checkpoints(connection)
        marks = pair(stored, witnesses.kept.iterate(), last_stored=last_size)
    yield from check.find_faults(iterate_entries(connection), marks)
    head, end = read_head(connection), check.chain.head
    if head != end:
        yield f"the chain ends with audit entry {end.seq}, its head says {head.seq}"


def _settle(path: Path, size: int, sleep: Callable[[float], None] = time.sleep) -> None:
    """Wait until the file has the last checkpoint too, if it is about to be written."""
    deadline = time.monotonic() + SETTLE_SECONDS
    while size and time.monotonic() < deadline:
        last = find_last(path)
        read = read_checkpoint(last) if last else None
        if read is None or read.checkpoint.size >= size:
            return
        sleep(LOOK_EVERY_SECONDS)
