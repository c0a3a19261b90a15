"""`flask --app wsgi actions …`: lists the actions held for review, and decides on one."""

from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import click

from cli.errors import CommandFailedError, OperatorGroup
from cli.parameters.moments import MOMENT
from cli.parameters.operator import login_name, name_operator
from cli.parameters.words import WORDS
from domain.actions.model import Status
from domain.errors import RedisUnavailableError
from domain.moderation.deciding import Decision, decide_action, list_actions_to_review
from domain.moderation.retrying import RetryProgress, retry_failed_actions
from domain.store.postgres.actions.reviews import FailedFilter, HeldAction
from web.http.responses import dump_json
from web.services import services
from workers.broker import submit_batch

# Strings: for an enum, click would accept the members' names instead of their values.
REVIEWABLE = (Status.QUARANTINED.value, Status.FAILED.value)
Callback = TypeVar("Callback", bound=Callable[..., object])

actions = OperatorGroup("actions", help="Decide on actions: held, failed, applied or voided.")


def reviewer_options(callback: Callback) -> Callback:
    """Add the options of every decision: the reason and the reviewer."""
    for decorate in (
        click.option(
            "--by",
            default=login_name,
            type=WORDS,
            help="Name of the reviewer; by default the login name.",
        ),
        click.option(
            "--reason",
            required=True,
            type=WORDS,
            help="Reason; stored with the action's checks.",
        ),
    ):
        callback = decorate(callback)
    return callback


def decision_options(callback: Callback) -> Callback:
    """Add the arguments of a decision on one action: the action, the reason and the reviewer."""
    return click.argument("action_id", type=click.UUID)(reviewer_options(callback))


@actions.command("list")
@click.option(
    "--status",
    "statuses",
    type=click.Choice(REVIEWABLE),
    multiple=True,
    default=REVIEWABLE,
    show_default=True,
)
@click.option("--limit", type=click.IntRange(1, 10_000), default=100, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line, with the checks.")
def list_held(statuses: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Print the actions held for review, oldest first."""
    held = list_actions_to_review(
        services().store, statuses=[Status(status) for status in statuses], limit=limit
    )
    for action in held:
        click.echo(_dump(action) if as_json else _describe(action))


@actions.command("release")
@decision_options
def release(action_id: UUID, reason: str, by: str) -> None:
    """Apply a held action to the score."""
    _decide(action_id, Decision.RELEASE, reason, by)


@actions.command("reject")
@decision_options
def reject(action_id: UUID, reason: str, by: str) -> None:
    """Reject a held action."""
    _decide(action_id, Decision.REJECT, reason, by)


@actions.command("void")
@decision_options
def void(action_id: UUID, reason: str, by: str) -> None:
    """Take an applied action back, as if it had never counted."""
    _decide(action_id, Decision.VOID, reason, by)


@actions.command("restore")
@decision_options
def restore(action_id: UUID, reason: str, by: str) -> None:
    """Let a voided action count again."""
    _decide(action_id, Decision.RESTORE, reason, by)


@actions.command("retry")
@reviewer_options
@click.argument("action_id", type=click.UUID, required=False)
@click.option("--all-failed", is_flag=True, help="Every failed action instead of one.")
@click.option("--status-reason", help="With --all-failed: those with this reason only.")
@click.option(
    "--since",
    type=MOMENT,
    help="With --all-failed: those that failed then or later; ISO 8601, UTC if bare.",
)
def retry(
    action_id: UUID | None,
    all_failed: bool,
    status_reason: str | None,
    since: datetime | None,
    reason: str,
    by: str,
) -> None:
    """Send an action that failed through the pipeline again, or all of them."""
    if (action_id is None) != all_failed:
        raise click.UsageError("name one action, or --all-failed")
    if action_id is not None:
        if status_reason is not None or since is not None:
            raise click.UsageError("--status-reason and --since go with --all-failed")
        _decide(action_id, Decision.RETRY, reason, by)
        return
    _retry_all(FailedFilter(status_reason, since), reason, by)


def _retry_all(wanted: FailedFilter, reason: str, by: str) -> None:
    progress = RetryProgress()
    for progress in retry_failed_actions(
        services().store, wanted=wanted, by=name_operator(by), reason=reason, now=datetime.now(UTC)
    ):
        click.echo(f"{progress.retried} on their way", err=True)
    click.echo(f"retried {progress.retried} failed actions")
    if progress.left:
        raise CommandFailedError(
            f"{progress.left} were left: decided on just now, or not in the audit log yet; "
            "run the command again"
        )


def _decide(action_id: UUID, decision: Decision, reason: str, by: str) -> None:
    outcome = decide_action(
        services().store,
        action_id=action_id,
        decision=decision,
        by=name_operator(by),
        reason=reason,
        now=datetime.now(UTC),
    )
    if outcome.batch_id is None or outcome.stage is None:
        raise CommandFailedError(f"the action is {outcome.status}: nothing to {decision}")
    with suppress(RedisUnavailableError):  # the keeper finds the batch without a message
        submit_batch(outcome.batch_id, stage=outcome.stage)
    click.echo(f"{decision} of {action_id} is on its way in batch {outcome.batch_id}")


def _describe(action: HeldAction) -> str:
    return (
        f"{action.accepted_at:%Y-%m-%dT%H:%M:%SZ}  {action.action_id}  {action.status:<11}"
        f"  {action.score:>10}  {action.reason or '-':<18}  {action.username}"
    )


def _dump(action: HeldAction) -> bytes:
    return dump_json(
        {
            "actionId": action.action_id,
            "userId": action.user_id,
            "username": action.username,
            "score": action.score,
            "status": action.status,
            "reason": action.reason,
            "acceptedAt": action.accepted_at,
            "checks": action.checks,
        }
    )
