"""`flask --app wsgi fraud backtest|apply|shadow-report|train|models|use-model`.

What a policy would do with stored actions, holding those, and models of what is usual.
"""

from collections.abc import Iterable
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from cli.errors import CommandFailedError
from cli.fraud import change_of, list_problems, read_document
from cli.fraud import fraud as fraud
from cli.parameters.words import WORDS
from domain.errors import InvalidPayloadError, RedisUnavailableError
from domain.fraud.policies.changing import get_policy, list_policies
from domain.fraud.policies.json_form import decode_policy
from domain.fraud.policies.models import list_models, store_model, use_model
from domain.fraud.policy import Policy, PolicyState, policy_from, settings_of_checks
from domain.fraud.trials.backtest import Backtest, Hit, run_backtest
from domain.fraud.trials.shadow_report import report_shadow
from domain.fraud.trials.training import train_model
from domain.moderation.holding import hold_actions
from domain.store.postgres.fraud.judged_actions import Score
from domain.store.postgres.fraud.models import ModelState
from web.services import services
from workers.broker import submit_batch

DAYS = 30

_policy = click.argument("policy")
_days = click.option(
    "--days",
    type=click.FloatRange(0, 3660, min_open=True),
    default=DAYS,
    show_default=True,
    help="Judge the actions of so many days until now.",
)
_note = click.option(
    "--note", required=True, type=WORDS, help="Why; for those who look at it later."
)


@fraud.command("backtest")
@_policy
@_days
def backtest(policy: str, days: float) -> None:
    """Judge stored actions by a policy (its number, or a JSON file), and change nothing.

    Prints what it would hold, how that agrees with what reviewers decided, and the first ten of the
    board without it.
    """
    for line in _describe(_run(_find_policy(policy), days)):
        click.echo(line)


@fraud.command("apply")
@_policy
@_days
@_note
@click.option("--yes", is_flag=True, help="Do not ask.")
def apply(policy: str, days: float, note: str, yes: bool) -> None:
    """Hold the actions that count and that a policy would hold or reject.

    They go to the moderators' cases. Run again, it leaves what is held, voided or released.
    """
    change = change_of(note)
    hits = [hit for hit in _run(_find_policy(policy), days).hits if not hit.is_released]
    if not hits:
        click.echo("nothing to hold")
        return
    users = len({hit.user_id for hit in hits})
    if not yes:
        click.confirm(f"Hold {len(hits)} actions of {users} players?", abort=True)
    held = _hold(hits, change.by, note)
    click.echo(f"{held} actions of {users} players are being held")
    if held < len(hits):
        raise CommandFailedError(
            f"{len(hits) - held} were left: decided on just now, or not in the audit log yet"
        )


@fraud.command("shadow-report")
def shadow_report() -> None:
    """Print on what the policy in shadow and the live one do not agree."""
    report = report_shadow(services().store)
    differing = sum(count.actions for count in report.differences)
    click.echo(
        f"policy {report.policy_no} is in shadow since {report.since:%Y-%m-%d %H:%M:%S %Z}:"
        f" {report.actions} actions, {differing} judged otherwise"
    )
    for count in report.differences:
        reason = f" {count.shadow_reason}" if count.shadow_reason else ""
        click.echo(
            f"{count.actions:>8} of {count.users} players: {count.live_verdict} -> "
            f"{count.shadow_verdict}{reason}, for example {count.example}"
        )


@fraud.command("train")
@_days
@_note
def train(days: float, note: str) -> None:
    """Make a model of what is usual of the stored actions that count, and put it in shadow."""
    change, until = change_of(note), datetime.now(UTC)
    model = train_model(
        services().store,
        policy=_find_judging_policy(),
        since=until - timedelta(days=days),
        until=until,
        on_progress=_show_progress,
    )
    number = store_model(services().store, model=model, by=change.by, reason=note)
    click.echo(f"model {number} of {model.trained_on} actions is in shadow")


@fraud.command("models")
def models() -> None:
    """Print every model, the newest first: number, state, and of how many actions it is made."""
    for row in list_models(services().store):
        at = row.created_at.isoformat(timespec="seconds")
        click.echo(f"{row.number:>6}  {row.state:<8}  {row.trained_on:>9} actions  {at}")


@fraud.command("use-model")
@click.argument("number", type=click.IntRange(1, 2**31 - 1))
@click.option("--state", type=click.Choice([*map(str, ModelState)]), required=True)
@_note
def use(number: int, state: str, note: str) -> None:
    """Let what a model finds count (live), be kept (shadow), or not be looked for (retired)."""
    change = change_of(note)
    use_model(services().store, number=number, state=ModelState(state), by=change.by, reason=note)
    click.echo(f"model {number} is {state}")


def _find_judging_policy() -> Policy:
    """Return the live policy, or that of the settings."""
    live = (one for one in list_policies(services().store) if one.state is PolicyState.LIVE)
    if (stored := next(live, None)) is None:
        return policy_from(services().settings)
    return decode_policy(stored.definition, number=stored.number)


def _find_policy(named: str) -> Policy:
    """Return the policy of a number or of a file; raises CommandFailedError."""
    try:
        if named.isascii() and named.isdigit() and len(named) < 10:
            stored = get_policy(services().store, number=int(named))
            return decode_policy(stored.definition, number=stored.number)
        path = Path(named)
        if not path.is_file():
            raise CommandFailedError(f"{named} is neither the number of a policy nor a file")
        given = settings_of_checks(services().settings)
        return decode_policy(read_document(path), given=given)
    except InvalidPayloadError as error:
        raise CommandFailedError(list_problems(error)) from error


def _run(policy: Policy, days: float) -> Backtest:
    until = datetime.now(UTC)
    return run_backtest(
        services().store,
        policy=policy,
        since=until - timedelta(days=days),
        until=until,
        on_progress=_show_progress,
    )


def _show_progress(actions: int) -> None:
    click.echo(f"{actions} actions judged", err=True)


def _hold(hits: Iterable[Hit], by: str, note: str) -> int:
    wanted = [(hit.action_id, hit.reason) for hit in hits]
    held = 0
    for outcome in hold_actions(
        services().store, wanted, by=by, reason=note, now=datetime.now(UTC)
    ):
        held += 1
        if outcome.batch_id is not None and outcome.stage is not None:
            with suppress(RedisUnavailableError):  # the keeper finds the batch without a message
                submit_batch(outcome.batch_id, stage=outcome.stage)
    return held


def _describe(found: Backtest) -> Iterable[str]:
    yield f"{found.actions} actions"
    for (verdict, reason), count in sorted(found.verdicts.items()):
        yield f"{count:>8} {verdict} {reason}".rstrip()
    yield (
        f"{len(found.hits)} actions that count would not; {found.also_held} others do not count"
        f" today either; players: {len(found.users)}"
    )
    agreement = found.agreement
    yield (
        f"reviewed: precision {_share(agreement.precision)}, recall {_share(agreement.recall)}"
        f" (held: {agreement.held_guilty} guilty, {agreement.held_innocent} innocent;"
        f" passed: {agreement.passed_guilty} guilty, {agreement.passed_innocent} innocent)"
    )
    yield "the first ten, today and without what would be held:"
    for place, (before, after) in enumerate(zip(found.before, found.after, strict=True), start=1):
        yield f"{place:>4}  {_name(before):<40} {_name(after)}".rstrip()


def _name(score: Score) -> str:
    return f"{score.score:>10} {score.username}"


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.0%}"
