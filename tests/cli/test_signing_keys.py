"""`signing-keys create|list|revoke` and `second-factors remove`: what they print and refuse."""

import json
from base64 import b64decode
from pathlib import Path
from uuid import uuid4

import pytest
from click.testing import Result
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.serialization import (
    Encoding,
    NoEncryption,
    PrivateFormat,
    PublicFormat,
)
from flask import Flask
from sqlalchemy import select

from domain.settings import Settings
from domain.step_up.cipher import make_cipher
from domain.step_up.signing_keys import read_signing_keys
from domain.store.postgres import tables
from domain.store.store import Store

PRIVATE = Ed25519PrivateKey.from_private_bytes(b"p" * 32)
PUBLIC_PEM = PRIVATE.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)


def run(app: Flask, *arguments: str, group: str = "signing-keys") -> Result:
    """Run a command of the group."""
    return app.test_cli_runner().invoke(args=[group, *arguments])


def test_the_secret_of_an_hmac_key_is_printed_once_and_stored_encrypted(
    app: Flask, store: Store, settings: Settings
) -> None:
    made = run(app, "create", "eu-1")
    assert made.exit_code == 0
    secret = b64decode(made.output, validate=False)
    assert len(secret) == 32
    key = read_signing_keys(store, make_cipher(settings))["eu-1"]
    assert key is not None
    assert (key.algorithm, key.material) == ("hmac-sha256", secret)
    with store.write() as connection:
        stored = connection.execute(select(tables.signing_keys.c.key)).scalar_one()
    assert secret not in bytes(stored)
    listed = run(app, "list").output
    assert "eu-1" in listed
    assert made.output.strip() not in listed


def test_an_ed25519_key_takes_the_public_key_alone(
    app: Flask, store: Store, settings: Settings, tmp_path: Path
) -> None:
    file = tmp_path / "public.pem"
    file.write_bytes(PUBLIC_PEM)
    made = run(app, "create", "eu-2", "--algorithm", "ed25519", "--public-key", str(file))
    assert (made.exit_code, made.output) == (0, "created eu-2\n")
    key = read_signing_keys(store, make_cipher(settings))["eu-2"]
    assert key is not None
    assert key.material == PRIVATE.public_key().public_bytes_raw()
    (listed,) = map(json.loads, run(app, "list", "--json").output.splitlines())
    assert (listed["keyId"], listed["algorithm"], listed["revokedAt"]) == ("eu-2", "ed25519", None)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no public key in PEM"),
        (b"nonsense", "no public key in PEM"),
        (
            PRIVATE.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()),
            "no public key in PEM",
        ),
        (
            generate_private_key(SECP256R1())
            .public_key()
            .public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo),
            "another kind",
        ),
    ],
    ids=["empty", "nonsense", "private", "P-256"],
)
def test_a_file_without_such_a_key_is_refused(
    app: Flask, store: Store, tmp_path: Path, content: bytes, said: str
) -> None:
    file = tmp_path / "public.pem"
    file.write_bytes(content)
    made = run(app, "create", "eu-2", "--algorithm", "ed25519", "--public-key", str(file))
    assert made.exit_code == 2
    assert said in made.output
    assert run(app, "list", "--all").output == ""


@pytest.mark.parametrize(
    "arguments",
    [
        ("create", "eu-1", "--algorithm", "ed25519"),
        ("create", "eu-1", "--public-key", __file__),
        ("create", "eu-1", "--algorithm", "rsa"),
        ("create", "eu 1"),
        ("create", "eu-1,timestamp=1"),
        ("create", "k" * 65),
        ("create", ""),
        ("create",),
    ],
)
def test_what_makes_no_key_is_a_usage_error(app: Flask, arguments: tuple[str, ...]) -> None:
    assert run(app, *arguments).exit_code == 2
    assert run(app, "list", "--all").output == ""


def test_a_revoked_key_is_not_used_again_nor_its_name(
    app: Flask, store: Store, settings: Settings
) -> None:
    run(app, "create", "eu-1")
    assert run(app, "revoke", "eu-1").output == "revoked eu-1\n"
    assert read_signing_keys(store, make_cipher(settings)) == {}
    assert run(app, "list").output == ""
    assert "revoked" in run(app, "list", "--all").output
    for again in (("revoke", "eu-1"), ("revoke", "other"), ("create", "eu-1")):
        refused = run(app, *again)
        assert refused.exit_code == 2
        assert len(refused.output.splitlines()) == 1


def test_removing_a_second_factor_that_is_not_there_says_so(app: Flask) -> None:
    user_id = str(uuid4())
    refused = run(app, "remove", user_id, group="second-factors")
    assert (refused.exit_code, user_id in refused.output) == (2, True)
    assert run(app, "remove", "ann", group="second-factors").exit_code == 2
