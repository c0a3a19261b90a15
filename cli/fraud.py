"""`flask --app wsgi fraud …`: the policies of fraud detection; trials are in `cli/trials.py`."""

import json
from pathlib import Path
from typing import Any

import click
import orjson

from cli.errors import CommandFailedError, OperatorGroup
from cli.parameters.operator import login_name, name_operator
from cli.parameters.words import WORDS
from domain.errors import InvalidPayloadError
from domain.fraud.policies.changing import (
    PolicyChange,
    create_policy,
    get_policy,
    list_policies,
    retire_policy,
    use_policy,
)
from domain.fraud.policy import PolicyState
from domain.moderation.model import MAX_REASON_CHARS
from domain.store.postgres.fraud.policies import StoredPolicy
from web.http.responses import dump_json
from web.routes.moderation.policies import describe_policy
from web.schemas.policies import FIRST_STATES
from web.services import services

MAX_FILE_BYTES = 1024 * 1024

fraud = OperatorGroup("fraud", help="The policies of fraud detection.")

_number = click.argument("number", type=click.IntRange(1, 2**31 - 1))
_note = click.option(
    "--note", required=True, type=WORDS, help="Why; for those who look at it later."
)


@fraud.command("policies")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_all(as_json: bool) -> None:
    """Print every policy, the newest first: number, state, checks, and who made it."""
    for stored in list_policies(services().store):
        click.echo(dump_json(describe_policy(stored)) if as_json else _describe(stored))


@fraud.command("show")
@_number
def show(number: int) -> None:
    """Print a policy with its definition as JSON."""
    described = describe_policy(get_policy(services().store, number=number))
    click.echo(orjson.dumps(described, option=orjson.OPT_INDENT_2 | orjson.OPT_UTC_Z))


@fraud.command("create")
@click.argument("path", type=click.Path(exists=True, dir_okay=False, path_type=Path))
@click.option("--state", type=click.Choice([*map(str, FIRST_STATES)]), default="live")
@_note
def create(path: Path, state: str, note: str) -> None:
    """Store the policy of a JSON file and make it live, or what --state says."""
    try:
        stored = create_policy(
            services().store,
            document=read_document(path),
            state=PolicyState(state),
            settings=services().settings,
            change=change_of(note),
        )
    except InvalidPayloadError as error:
        raise CommandFailedError(list_problems(error)) from error
    click.echo(f"policy {stored.number} is {stored.state}")


@fraud.command("activate")
@_number
@_note
def activate(number: int, note: str) -> None:
    """Make a stored policy the live one."""
    _use(number, PolicyState.LIVE, note)


@fraud.command("shadow")
@_number
@_note
def shadow(number: int, note: str) -> None:
    """Let a stored policy judge beside the live one, without any effect."""
    _use(number, PolicyState.SHADOW, note)


@fraud.command("retire")
@_number
@_note
def retire(number: int, note: str) -> None:
    """Retire a policy; after the live one the settings' policy judges."""
    stored = retire_policy(services().store, number=number, change=change_of(note))
    click.echo(f"policy {stored.number} is {stored.state}")


def _use(number: int, state: PolicyState, note: str) -> None:
    try:
        stored = use_policy(services().store, number=number, state=state, change=change_of(note))
    except InvalidPayloadError as error:
        raise CommandFailedError(list_problems(error)) from error
    click.echo(f"policy {stored.number} is {stored.state}")


def change_of(note: str) -> PolicyChange:
    """Return who changes what, and why; raises CommandFailedError for a note out of bounds."""
    if not 0 < len(note) <= MAX_REASON_CHARS:
        raise CommandFailedError(f"--note must have 1 to {MAX_REASON_CHARS} characters")
    return PolicyChange(name_operator(login_name()), note)


def read_document(path: Path) -> Any:
    """Return the document of the file; raises CommandFailedError."""
    try:
        with path.open("rb") as file:
            raw = file.read(MAX_FILE_BYTES + 1)
        if len(raw) > MAX_FILE_BYTES:
            raise CommandFailedError(f"the file has more than {MAX_FILE_BYTES} bytes")
        return json.loads(raw)
    except OSError as error:
        raise CommandFailedError(f"the file cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise CommandFailedError(f"the file is not JSON: {error}") from error


def list_problems(error: InvalidPayloadError) -> str:
    """Return what is wrong with a policy, a line for each field."""
    lines = [f"  {name}: {' '.join(said)}" for name, said in error.problems.items()]
    return "\n".join(["nothing was changed:", *lines])


def _describe(stored: StoredPolicy) -> str:
    checks = stored.definition.get("checks", {}) if isinstance(stored.definition, dict) else {}
    at = stored.created_at.isoformat(timespec="seconds")
    return f"{stored.number:>6}  {stored.state:<8}  {len(checks):>2} checks  {at}  {stored.note}"
