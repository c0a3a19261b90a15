"""`flask --app wsgi signing-keys …`: the keys that game servers sign with."""

from base64 import b64encode
from datetime import UTC, datetime
from pathlib import Path

import click
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey
from cryptography.hazmat.primitives.serialization import load_pem_public_key

from cli.errors import CommandFailedError, OperatorGroup
from domain.step_up.model import Algorithm
from domain.step_up.signatures import is_key_id
from domain.step_up.signing_keys import (
    create_signing_key,
    list_all_signing_keys,
    revoke_signing_key,
)
from domain.store.postgres.accounts.signing_keys import StoredSigningKey
from web.http.responses import dump_json
from web.services import services

signing_keys = OperatorGroup(
    "signing-keys", help="Make, list and revoke the keys that game servers sign with."
)


def check_name(_ctx: click.Context, _param: click.Parameter, value: str) -> str:
    """Return the name; raises BadParameter for one that no signature could name."""
    if not is_key_id(value):
        raise click.BadParameter("1 to 64 letters, digits, '.', '_' or '-'")
    return value


@signing_keys.command("create")
@click.argument("name", callback=check_name)
@click.option(
    "--algorithm",
    type=click.Choice([algorithm.value for algorithm in Algorithm]),
    default=Algorithm.HMAC_SHA256.value,
    show_default=True,
    help="ed25519 needs --public-key: the private key never leaves the game server.",
)
@click.option(
    "--public-key",
    "public_key_file",
    type=click.Path(exists=True, dir_okay=False, path_type=Path),
    help="The Ed25519 public key, in PEM.",
)
def create(name: str, algorithm: str, public_key_file: Path | None) -> None:
    """Make a key; prints the secret of an HMAC key in base64, this once."""
    is_public = algorithm == Algorithm.ED25519
    if is_public != (public_key_file is not None):
        raise click.UsageError("--public-key belongs to --algorithm ed25519, which needs it")
    created = create_signing_key(
        services().store,
        services().cipher,
        key_id=name,
        public_key=None if public_key_file is None else _read_public_key(public_key_file),
        now=datetime.now(UTC),
    )
    if created is None:
        raise CommandFailedError(
            f"there is or was a key named {name}; names are not used again, choose another one"
        )
    click.echo(f"created {name}" if is_public else b64encode(created.material).decode())


@signing_keys.command("list")
@click.option("--all", "show_all", is_flag=True, help="Revoked ones too.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_all(show_all: bool, as_json: bool) -> None:
    """Print the keys, oldest first: name, algorithm, and when each was made or revoked."""
    for key in list_all_signing_keys(services().store):
        if show_all or key.revoked_at is None:
            click.echo(dump_json(_facts(key)).decode() if as_json else _describe(key))


@signing_keys.command("revoke")
@click.argument("name")
def revoke(name: str) -> None:
    """Revoke a key: within a second no signature of it is accepted."""
    if not revoke_signing_key(services().store, key_id=name, now=datetime.now(UTC)):
        raise CommandFailedError(f"there is no key {name} that is not revoked")
    click.echo(f"revoked {name}")


def _read_public_key(file: Path) -> bytes:
    """Return the 32 bytes of the key; raises CommandFailedError for anything else."""
    try:
        key = load_pem_public_key(file.read_bytes())
    except (OSError, ValueError, UnsupportedAlgorithm) as error:
        raise CommandFailedError(f"{file} is no public key in PEM") from error
    if not isinstance(key, Ed25519PublicKey):
        raise CommandFailedError(f"{file} has a public key of another kind than Ed25519")
    return key.public_bytes_raw()


def _facts(key: StoredSigningKey) -> dict[str, object]:
    return {
        "keyId": key.key_id,
        "algorithm": key.algorithm,
        "createdAt": key.created_at,
        "revokedAt": key.revoked_at,
    }


def _describe(key: StoredSigningKey) -> str:
    state = f"made {key.created_at:%Y-%m-%dT%H:%MZ}"
    if key.revoked_at is not None:
        state = f"revoked {key.revoked_at:%Y-%m-%dT%H:%MZ}"
    return f"{key.key_id:<24}  {key.algorithm:<11}  {state}"
