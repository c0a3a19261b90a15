"""`flask --app wsgi audit …`: verifies the audit log, and proves that an action is in it."""

from collections.abc import Sequence
from pathlib import Path
from typing import IO, Any
from uuid import UUID

import click
import orjson

from cli.errors import CommandFailedError, OperatorGroup
from domain.audit import proving
from domain.audit.checkpoint_file import KeptCheckpoints
from domain.audit.keys import PublicKey, read_public_key, read_signing_key
from domain.audit.log_reading import LogReport, Witnesses, call_witnesses, verify_log
from web.http.responses import dump_json
from web.services import services

audit = OperatorGroup("audit", help="Verify the audit log, and prove that an action is in it.")


class PublicKeyType(click.ParamType[PublicKey]):
    """A public key as `audit public-key` prints it, or the path of a file that holds it."""

    name = "key"

    def convert(
        self, value: Any, param: click.Parameter | None, ctx: click.Context | None
    ) -> PublicKey:
        """Return the key; fails the command when it is none."""
        try:
            path = Path(value)
            return read_public_key(path.read_text() if path.is_file() else value)
        except (OSError, ValueError):
            self.fail("it is neither a public key nor a file with one", param, ctx)


keys_option = click.option(
    "--public-key",
    "keys",
    type=PublicKeyType(),
    multiple=True,
    help="Who may have signed checkpoints: the key or its file. May be given more than once.",
)


@audit.command("verify")
@keys_option
@click.option(
    "--checkpoints",
    "file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The file of checkpoints, or a copy that was kept. Default: AUDIT_CHECKPOINT_FILE.",
)
@click.option(
    "--proof", "action_id", type=click.UUID, help="Print the proof of this action if the log holds."
)
def verify(keys: Sequence[PublicKey], file: Path | None, action_id: UUID | None) -> None:
    """Check the log, its tree and every checkpoint; name what is wrong and exit with 1."""
    settings = services().settings
    witnesses = call_witnesses(settings)
    if keys or file:
        witnesses = Witnesses(
            KeptCheckpoints(file or settings.checkpoint_path), keys or witnesses.keys
        )
    report = verify_log(services().store, witnesses=witnesses)
    # The proof alone is what may be sent into a file.
    click.echo(_describe(report), err=action_id is not None)
    if not report.holds:
        raise click.exceptions.Exit(1)
    if action_id is not None:
        click.echo(dump_json(proving.prove_action(services().store, action_id=action_id)))


@audit.command("public-key")
def public_key() -> None:
    """Print the public key of AUDIT_SIGNING_KEY, for those who check signatures."""
    if not (setting := services().settings.audit_signing_key):
        raise CommandFailedError("AUDIT_SIGNING_KEY is not set: the audit log is not signed")
    click.echo(str(read_signing_key(setting).public))


@audit.command("prove")
@click.argument("action_id", type=click.UUID)
def prove(action_id: UUID) -> None:
    """Print the proof of an action's last transition as JSON; it tells of no other action."""
    click.echo(dump_json(proving.prove_action(services().store, action_id=action_id)))


@audit.command("prove-growth")
@click.argument("size", type=click.IntRange(min=1))
def prove_growth(size: int) -> None:
    """Print the proof that the log of now begins with that of the checkpoint of SIZE entries."""
    click.echo(dump_json(proving.prove_growth(services().store, size=size)))


@audit.command("check-proof")
@click.argument("file", type=click.File("rb"))
@click.option("--offline", is_flag=True, help="Check the proof without looking into the log.")
@keys_option
def check_proof(file: IO[bytes], offline: bool, keys: Sequence[PublicKey]) -> None:
    """Check a proof, from a file or `-`; say what is wrong and exit with 1.

    With a public key the checkpoint in it must be signed, and the log is not looked into.
    """
    try:
        proof = orjson.loads(file.read())
    except orjson.JSONDecodeError as error:
        raise CommandFailedError("the proof is not JSON") from error
    store = None if offline or keys else services().store
    flaw = proving.check_proof(store, proof=proof, keys=keys)
    if flaw is not None:
        click.echo(f"the proof {flaw}")
        raise click.exceptions.Exit(1)
    if "from" in proof:
        click.echo("the log of the later checkpoint begins with the log of the earlier one")
        return
    click.echo(
        f"the transition is in audit entry {proof['seq']} with the hash {proof['hash']}"
        + (", which is in the log that the checkpoint signs" if keys else "")
        + ("; whether the log has it was not looked at" if offline and not keys else "")
    )


def _describe(report: LogReport) -> str:
    check = report.check
    if not report.holds:
        return "\n".join([*report.faults, *(["and more"] if report.more else [])])
    if check.last is None:
        return f"{check.tree.size} entries hold; there is no checkpoint"
    signed = check.last.checkpoint
    return (
        f"{check.tree.size} entries and {check.checkpoints} checkpoints hold; the last, of"
        f" {signed.size} entries, was signed at {signed.signed_at:%Y-%m-%dT%H:%M:%SZ}"
        + (f"; {check.unsigned} entries are not signed yet" if check.unsigned else "")
    )
