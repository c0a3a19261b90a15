"""Verifying: wait until the pipeline is idle, then check every invariant.

Called by the operators' `flask verify`, the bench and the fault tests.
"""

from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from pathlib import Path

from domain.archives.checking import find_damage
from domain.audit.log_reading import Witnesses
from domain.boards.model import GLOBAL_BOARD
from domain.store.postgres.transactions import allow_long_queries, read_one_moment
from domain.store.store import Store
from domain.verification.audit_trail import check_audit
from domain.verification.board import check_board
from domain.verification.conservation import check_conservation
from domain.verification.exactly_once import check_exactly_once
from domain.verification.model import Invariant, InvariantReport
from domain.verification.rankings import check_rankings
from domain.verification.seals import check_seals
from domain.verification.terminal import check_terminal, wait_for_quiet

NAMED_FINDINGS = 20
QUIET_WAIT_SECONDS = 20.0

SNAPSHOT_CHECKS: dict[Invariant, Callable[..., Iterator[str]]] = {
    Invariant.TERMINAL: check_terminal,
    Invariant.EXACTLY_ONCE: check_exactly_once,
    Invariant.CONSERVATION: check_conservation,
    Invariant.AUDIT: check_audit,
    Invariant.SEALS: check_seals,
}


def verify(
    store: Store,
    *,
    archive_path: Path,
    wait_seconds: float = QUIET_WAIT_SECONDS,
    read_archives: bool = False,
    witnesses: Witnesses | None = None,
) -> list[InvariantReport]:
    """Check every invariant, one report each, in the order of Invariant.

    Waits at most `wait_seconds` for the pipeline to be idle; what is checked must hold in any case.
    With `read_archives` every archive is read completely; with witnesses the audit log is compared
    with its checkpoints. Raises DatabaseUnavailableError.
    """
    wait_for_quiet(store, wait_seconds=wait_seconds)
    with store.write() as connection:
        read_one_moment(connection)
        allow_long_queries(connection)
        checks = SNAPSHOT_CHECKS | {Invariant.AUDIT: partial(check_audit, witnesses=witnesses)}
        reports = [
            _report(invariant, check(connection, limit=NAMED_FINDINGS + 1))
            for invariant, check in checks.items()
        ]
    damage = find_damage(store, archive_path=archive_path, read_files=read_archives)
    return [
        *reports,
        _report(Invariant.ARCHIVES, damage),
        _report(Invariant.BOARD, check_board(store, board=GLOBAL_BOARD, limit=NAMED_FINDINGS + 1)),
        _report(
            Invariant.RANKINGS,
            check_rankings(store, archive_path=archive_path, limit=NAMED_FINDINGS + 1),
        ),
    ]


def _report(invariant: Invariant, findings: Iterator[str]) -> InvariantReport:
    found = tuple(islice(findings, NAMED_FINDINGS + 1))
    return InvariantReport(invariant, found[:NAMED_FINDINGS], len(found) > NAMED_FINDINGS)
