"""Tokens of other identity providers: their algorithms and claims, and forgeries."""

import hashlib
import hmac
import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import uuid4

import jwt
import pytest
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from flask.testing import FlaskClient

from domain.errors import InvalidTokenError
from domain.settings import Settings
from domain.store.store import Store
from tests.factories import JWT_SECRET
from tests.web.access.key_server import KEYS, STRANGER, Key, KeyServer, encode, resigned, write_set
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import COMPLETE, assert_refused, make_body
from web.access.tokens import TokenCodec
from web.access.verifier import TokenVerifier
from web.app import create_app


def make_client(
    settings: Settings, store: Store, batcher: RecordingBatcher, **overrides: Any
) -> FlaskClient:
    """Return a client of an application with these settings."""
    return create_app(replace(settings, **overrides), store, batcher).test_client()


def post(client: FlaskClient, token: str) -> Any:
    """Post a sound action with this token."""
    return client.post(COMPLETE, json=make_body(), headers={"Authorization": f"Bearer {token}"})


@pytest.mark.parametrize("name", list(KEYS))
@pytest.mark.parametrize("from_file", [False, True])
def test_a_token_of_each_algorithm_is_accepted(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    provider: KeyServer,
    tmp_path: Path,
    name: str,
    from_file: bool,
) -> None:
    file = tmp_path / "keys.json"
    file.write_bytes(provider.body)
    source = str(file) if from_file else provider.url
    client = make_client(settings, store, batcher, jwt_jwks=source)
    user = uuid4()
    token = KEYS[name].sign(sub=str(user), username="ann", sid="no-uuid", opened_at="early")
    assert post(client, token).status_code == 200
    assert post(client, token).status_code == 200
    assert [(action.user_id, action.username) for action in batcher.taken] == [(user, "ann")] * 2
    assert provider.asked == (0 if from_file else 1)


def test_our_own_tokens_work_beside_them_and_ask_no_provider(
    settings: Settings, store: Store, batcher: RecordingBatcher, provider: KeyServer
) -> None:
    client = make_client(settings, store, batcher, jwt_jwks=provider.url)
    own = TokenCodec(settings).issue(user_id=uuid4(), username=None)
    assert post(client, own).status_code == 200
    assert provider.asked == 0


def test_without_a_key_set_such_a_token_is_invalid(
    settings: Settings, store: Store, batcher: RecordingBatcher
) -> None:
    client = make_client(settings, store, batcher)
    for key in KEYS.values():
        assert_refused(post(client, key.sign()), 401, "INVALID_TOKEN")


def test_issuer_and_audience_are_checked(
    settings: Settings, store: Store, batcher: RecordingBatcher, provider: KeyServer
) -> None:
    expected = {"jwt_issuer": "https://id.example", "jwt_audience": "laurel"}
    client = make_client(settings, store, batcher, jwt_jwks=provider.url, **expected)
    key, sound = KEYS["ES256"], {"iss": "https://id.example", "aud": ["laurel", "other"]}
    assert post(client, key.sign(**sound)).status_code == 200
    for change in ({"aud": "other"}, {"aud": ...}, {"iss": "https://evil.example"}, {"iss": ...}):
        assert_refused(post(client, key.sign(**{**sound, **change})), 401, "INVALID_TOKEN")


@pytest.mark.parametrize(
    "claims",
    [{"exp": ...}, {"iat": ...}, {"jti": ...}, {"sub": "auth0|5"}, {"exp": 2**33}, {"nbf": 2**33}],
    ids=str,
)
def test_the_claims_of_every_token_are_needed(
    verifier: TokenVerifier, claims: dict[str, Any]
) -> None:
    for key in KEYS.values():
        with pytest.raises(InvalidTokenError):
            verifier.verify(key.sign(**claims))


def hmac_signed(token: str, secret: bytes, **header: Any) -> str:
    """Return the token's claims under another header, signed with HMAC and this secret."""
    head = {**json.loads(jwt.utils.base64url_decode(token.split(".")[0])), **header}
    signed = f"{encode(json.dumps(head).encode())}.{token.split('.')[1]}"
    return f"{signed}.{encode(hmac.new(secret, signed.encode(), hashlib.sha256).digest())}"


def public_spellings(key: Key) -> list[bytes]:
    """Return every text of the public key that a sloppy verifier might take for a secret."""
    public = key.private.public_key()
    info = PublicFormat.SubjectPublicKeyInfo
    pem = public.public_bytes(Encoding.PEM, info)
    entry = key.entry()
    spellings = [pem, pem.strip(), public.public_bytes(Encoding.DER, info)]
    spellings += [json.dumps(entry).encode(), entry.get("n", entry.get("x", "")).encode()]
    return [*spellings, b""]


@pytest.mark.parametrize("name", list(KEYS))
@pytest.mark.parametrize("algorithm", ["HS256", "RS256", "ES256", "EdDSA"])
def test_no_public_key_is_ever_a_secret(verifier: TokenVerifier, name: str, algorithm: str) -> None:
    key = KEYS[name]
    for secret in public_spellings(key):
        for header in ({"alg": algorithm}, {"alg": algorithm, "kid": key.key_id}):
            with pytest.raises(InvalidTokenError):
                verifier.verify(hmac_signed(key.sign(), secret, **header))


FORGERIES: dict[str, Callable[[KeyServer], str]] = {
    "a stranger's key with our kid": lambda _: STRANGER.sign(),
    "our secret with RS256": lambda _: hmac_signed(STRANGER.sign(), JWT_SECRET.encode()),
    "our secret with a kid": lambda _: hmac_signed(
        STRANGER.sign(), JWT_SECRET.encode(), alg="HS256"
    ),
    "alg none": lambda _: hmac_signed(STRANGER.sign(), b"", alg="none").rpartition(".")[0] + ".",
    "no signature": lambda _: KEYS["RS256"].sign().rpartition(".")[0] + ".",
    "unknown kid": lambda _: resigned({"kid": "key-none"}),
    "kid of another algorithm": lambda _: resigned({"kid": "key-ES256"}),
    "no kid and a stranger's key": lambda _: Key("RS256", None).sign(),
    "kid a path": lambda _: resigned({"kid": "../../../dev/null"}),
    "kid too long": lambda _: resigned({"kid": "k" * 257}),
    "RS512 by an RS256 key": lambda _: resigned({"alg": "RS512"}),
    "PS256 by an RS256 key": lambda _: resigned({"alg": "PS256"}),
    "jwk of a stranger": lambda _: STRANGER.sign(headers={"jwk": STRANGER.entry()}),
    "jku of a stranger": lambda evil: STRANGER.sign(headers={"jku": evil.url}),
    "x5u of a stranger": lambda evil: STRANGER.sign(headers={"x5u": evil.url}),
    "jku on a sound token": lambda evil: resigned({"jku": evil.url}),
    "crit": lambda _: resigned({"crit": ["exp"]}),
}


@pytest.mark.parametrize("forge", FORGERIES.values(), ids=FORGERIES.keys())
def test_a_forged_token_is_invalid_and_its_addresses_are_never_asked(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    provider: KeyServer,
    forge: Callable[[KeyServer], str],
) -> None:
    client = make_client(settings, store, batcher, jwt_jwks=provider.url)
    with KeyServer(write_set(STRANGER)) as evil:
        assert_refused(post(client, forge(evil)), 401, "INVALID_TOKEN")
        assert evil.asked == 0
    assert batcher.taken == []


def test_a_thumbprint_beside_the_kid_is_ignored(verifier: TokenVerifier) -> None:
    assert verifier.verify(resigned({"x5t": "c29tZQ"})).username is None


def test_a_symmetric_key_in_the_set_verifies_nothing(
    verifier: TokenVerifier, provider: KeyServer
) -> None:
    secret = b"x" * 40
    symmetric = {"kty": "oct", "kid": "s", "alg": "HS256", "k": encode(secret)}
    provider.body = write_set(symmetric, KEYS["RS256"])
    assert verifier.verify(KEYS["RS256"].sign())
    for header in ({}, {"kid": "s"}):
        with pytest.raises(InvalidTokenError):
            token = jwt.encode({"sub": str(uuid4())}, secret, algorithm="HS256", headers=header)
            verifier.verify(token)
