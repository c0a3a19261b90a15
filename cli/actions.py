"""`flask --app wsgi actions …`: actions that wait for a person, and the decision on one."""

import getpass
from collections.abc import Callable
from datetime import UTC, datetime
from typing import TypeVar
from uuid import UUID

import click
from flask.cli import AppGroup

from cli.errors import CommandFailedError, one_line_errors
from domain.actions.model import Status
from domain.fraud.review import Decision, list_actions_to_review, review_action
from domain.store.postgres.actions.reviews import HeldAction
from web.http.responses import dump_json
from web.services import services

# As plain words: of an enum, click would take the members' names.
REVIEWABLE = (Status.QUARANTINED.value, Status.FAILED.value)
Command = TypeVar("Command", bound=Callable[..., object])

actions = AppGroup("actions", help="Decide on actions that are held or were given up.")


def login_name() -> str:
    """Return who runs the command, as far as the system knows."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "operator"


def decision_options(command: Command) -> Command:
    """Add what every decision asks for: the action, the reason and who decides."""
    for decorate in (
        click.option("--by", default=login_name, help="Who decides; by default the login name."),
        click.option("--reason", required=True, help="Why; kept with the action's checks."),
        click.argument("action_id", type=click.UUID),
    ):
        command = decorate(command)
    return command


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
@one_line_errors
def list_held(statuses: tuple[str, ...], limit: int, as_json: bool) -> None:
    """Print the actions that wait for a person, oldest first."""
    held = list_actions_to_review(
        services().store, statuses=[Status(status) for status in statuses], limit=limit
    )
    for action in held:
        click.echo(_dump(action) if as_json else _describe(action))


@actions.command("release")
@decision_options
@one_line_errors
def release(action_id: UUID, reason: str, by: str) -> None:
    """Let a held action count."""
    _decide(action_id, Decision.RELEASE, reason, by)


@actions.command("reject")
@decision_options
@one_line_errors
def reject(action_id: UUID, reason: str, by: str) -> None:
    """Reject a held action."""
    _decide(action_id, Decision.REJECT, reason, by)


@actions.command("retry")
@decision_options
@one_line_errors
def retry(action_id: UUID, reason: str, by: str) -> None:
    """Send an action that failed through the pipeline again."""
    _decide(action_id, Decision.RETRY, reason, by)


def _decide(action_id: UUID, decision: Decision, reason: str, by: str) -> None:
    outcome = review_action(
        services().store,
        action_id=action_id,
        decision=decision,
        by=by,
        note=reason,
        now=datetime.now(UTC),
    )
    if outcome.batch_id is None:
        raise CommandFailedError(f"the action is {outcome.status}: nothing to {decision}")
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
