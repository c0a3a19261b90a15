"""`flask --app wsgi audit …`: proves that an action is in the audit log, and checks a proof."""

from typing import IO
from uuid import UUID

import click
import orjson

from cli.errors import CommandFailedError, OperatorGroup
from domain.audit import proving
from web.http.responses import dump_json
from web.services import services

audit = OperatorGroup("audit", help="Prove that an action is in the audit log.")


@audit.command("prove")
@click.argument("action_id", type=click.UUID)
def prove(action_id: UUID) -> None:
    """Print the proof of an action's last transition as JSON; it tells of no other action."""
    click.echo(dump_json(proving.prove_action(services().store, action_id=action_id)))


@audit.command("check-proof")
@click.argument("file", type=click.File("rb"))
@click.option("--offline", is_flag=True, help="Check the proof without looking into the log.")
def check_proof(file: IO[bytes], offline: bool) -> None:
    """Check a proof, from a file or `-`; say what is wrong and exit with 1."""
    try:
        proof = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise CommandFailedError("the proof is not JSON") from error
    flaw = proving.check_proof(None if offline else services().store, proof=proof)
    if flaw is not None:
        click.echo(f"the proof {flaw}")
        raise click.exceptions.Exit(1)
    click.echo(
        f"the transition is in audit entry {proof['seq']} with the hash {proof['hash']}"
        + ("; whether the log has it was not looked at" if offline else "")
    )
