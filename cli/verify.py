"""`flask --app wsgi verify`: checks the invariants and names what is broken."""

from collections.abc import Mapping, Sequence

import click

from cli.errors import OperatorCommand
from domain.audit.log_reading import call_witnesses
from domain.moderation.retrying import count_failed_actions
from domain.verification.model import Invariant, InvariantReport
from domain.verification.verifying import QUIET_WAIT_SECONDS
from domain.verification.verifying import verify as verify_invariants
from web.http.responses import dump_json
from web.services import services

MEANINGS: Mapping[Invariant, str] = {
    Invariant.TERMINAL: "every acknowledged action has reached a final status",
    Invariant.EXACTLY_ONCE: "every acknowledged id has one row, every applied one a single effect",
    Invariant.CONSERVATION: "the applied actions add up to the scores and the statistics",
    Invariant.AUDIT: "the audit log is as it was signed and has each final transition once",
    Invariant.SEALS: "the rows of closed rankings are those that were sealed",
    Invariant.ARCHIVES: "the archive files are there and add up",
    Invariant.BOARD: "the leaderboard in Redis is the ranking of the database",
    Invariant.RANKINGS: "the rows of every board are what the ledger gives, in Redis too",
}


@click.command("verify", cls=OperatorCommand)
@click.option(
    "--wait",
    "wait_seconds",
    type=click.FloatRange(0, 3600),
    default=QUIET_WAIT_SECONDS,
    show_default=True,
    help="Seconds to wait for pending actions before checking.",
)
@click.option(
    "--read-archives",
    is_flag=True,
    help="Read every archive completely instead of checking its sizes only.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object instead of lines.")
def verify(wait_seconds: float, read_archives: bool, as_json: bool) -> None:
    """Check the invariants; name what is broken and exit with 1."""
    reports = verify_invariants(
        services().store,
        archive_path=services().settings.archive_path,
        wait_seconds=wait_seconds,
        read_archives=read_archives,
        witnesses=call_witnesses(services().settings),
    )
    failed = count_failed_actions(services().store)
    if as_json:
        click.echo(_dump(reports, failed))
    else:
        click.echo("\n".join(_describe(report) for report in reports))
        # Nothing is broken: each was told to its sender, and a person decides on it.
        if failed:
            click.echo(f"note    {failed} actions have failed: see `actions list --status failed`")
    if not all(report.holds for report in reports):
        raise click.exceptions.Exit(1)


def _describe(report: InvariantReport) -> str:
    word = "holds" if report.holds else "BROKEN"
    line = f"{word:<7} {report.invariant:<13} {MEANINGS[report.invariant]}"
    return "\n  ".join([line, *report.findings, *(["and more"] if report.more else [])])


def _dump(reports: Sequence[InvariantReport], failed: int) -> str:
    return dump_json(
        {
            "holds": all(report.holds for report in reports),
            "failedActions": failed,
            "invariants": [
                {
                    "name": report.invariant,
                    "holds": report.holds,
                    "findings": report.findings,
                    "more": report.more,
                }
                for report in reports
            ],
        }
    ).decode()
