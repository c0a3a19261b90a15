"""Signed actions: what a good signature says of them, and that a bad one stores nothing."""

import time
from base64 import b64encode
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from hmac import digest
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import insert

import web.app
from domain.errors import DatabaseUnavailableError
from domain.settings import Settings
from domain.step_up.cipher import SecretCipher, make_cipher
from domain.step_up.model import StepUp
from domain.step_up.second_factors import name_owner
from domain.step_up.signatures import WINDOW_SECONDS, make_signed_text
from domain.step_up.signing_keys import create_signing_key, revoke_signing_key
from domain.store.postgres import tables
from domain.store.store import Store
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import (
    AT_ONCE,
    BATCH,
    COMPLETE,
    Headers,
    assert_refused,
    count_rows,
    make_body,
)
from web.access.signing_keys import MAX_AGE_SECONDS, SigningKeys
from web.app import create_app
from web.routes.table import OPERATIONS

Bearer = Callable[..., Headers]
PRIVATE = Ed25519PrivateKey.from_private_bytes(b"p" * 32)


@dataclass(frozen=True)
class Signer:
    """What a game server signs with."""

    key_id: str
    sign: Callable[[bytes], bytes]

    def headers(self, raw: bytes, user_id: UUID, **changes: Any) -> Headers:
        """Return the headers of the body, signed for this caller."""
        facts: dict[str, Any] = {
            "timestamp": int(time.time()),
            "method": "POST",
            "path": COMPLETE,
            **changes,
        }
        value = self.sign(make_signed_text(user_id=user_id, body=raw, **facts))
        text = b64encode(value).decode()
        return {
            "X-Laurel-Signature": (
                f"keyId={self.key_id},timestamp={facts['timestamp']},signature={text}"
            )
        }


def make_signer(store: Store, settings: Settings, key_id: str, *, public: bool) -> Signer:
    """Make a key as the command does, and return who signs with it."""
    key = create_signing_key(
        store,
        make_cipher(settings),
        key_id=key_id,
        public_key=PRIVATE.public_key().public_bytes_raw() if public else None,
        now=datetime.now(UTC),
    )
    assert key is not None
    secret = key.material
    return Signer(key_id, PRIVATE.sign if public else lambda text: digest(secret, text, "sha256"))


@pytest.fixture(params=[False, True], ids=["hmac", "ed25519"])
def signer(store: Store, settings: Settings, request: pytest.FixtureRequest) -> Signer:
    """A game server with a key of each kind."""
    return make_signer(store, settings, "eu-1", public=request.param)


@pytest.fixture(params=[True, False], ids=["lean", "flask"])
def either_client(
    settings: Settings,
    store: Store,
    batcher: RecordingBatcher,
    monkeypatch: pytest.MonkeyPatch,
    request: pytest.FixtureRequest,
) -> FlaskClient:
    """A client of the application with the lean dispatch, and of one without."""
    rows = tuple(replace(row, is_lean=row.is_lean and request.param) for row in OPERATIONS)
    monkeypatch.setattr(web.app, "OPERATIONS", rows)
    return create_app(settings, store, batcher).test_client()


def post(client: FlaskClient, raw: bytes, headers: Headers, path: str = COMPLETE) -> Any:
    return client.post(path, data=raw, headers={"Content-Type": "application/json", **headers})


def test_a_good_signature_vouches_for_an_action(
    either_client: FlaskClient, batcher: RecordingBatcher, bearer: Bearer, signer: Signer
) -> None:
    user_id = uuid4()
    # Not as a JSON library would write it: the bytes are signed, whatever they mean.
    raw = orjson.dumps(make_body()).replace(b",", b" ,\n")
    answer = post(either_client, raw, {**bearer(user_id), **signer.headers(raw, user_id)})
    assert answer.status_code == 200
    assert [action.step_up for action in batcher.taken] == [StepUp.SIGNATURE]


def test_a_request_without_one_is_vouched_for_by_nothing(
    either_client: FlaskClient, batcher: RecordingBatcher, bearer: Bearer
) -> None:
    body = make_body()
    for path, sent in ((COMPLETE, body), (BATCH, {"actions": [body]})):
        assert post(either_client, orjson.dumps(sent), bearer(), path).status_code == 200
    assert [action.step_up for action in batcher.taken] == [None, None]


def test_a_signature_vouches_for_every_action_of_a_batch(
    either_client: FlaskClient, batcher: RecordingBatcher, bearer: Bearer, signer: Signer
) -> None:
    server = uuid4()
    actions = [make_body(userId=str(uuid4())), make_body(score=-1), make_body()]
    raw = orjson.dumps({"actions": actions})
    headers = {**bearer(server, roles=("service",)), **signer.headers(raw, server, path=BATCH)}
    answer = post(either_client, raw, headers, BATCH)
    assert [entry.get("status") for entry in answer.get_json()["results"]] == [
        "applied",
        None,
        "applied",
    ]
    assert [action.step_up for action in batcher.taken] == [StepUp.SIGNATURE] * 2


def bad_headers(signer: Signer, raw: bytes, user_id: UUID) -> dict[str, Headers]:
    """Return signatures that are wrong in one way each."""
    now, key = int(time.time()), "X-Laurel-Signature"
    good = signer.headers(raw, user_id)[key]
    stem, _, value = good.rpartition("signature=")
    return {
        "another body": signer.headers(raw + b" ", user_id),
        "another user": signer.headers(raw, uuid4()),
        "another path": signer.headers(raw, user_id, path=BATCH),
        "another method": signer.headers(raw, user_id, method="PUT"),
        "too old": signer.headers(raw, user_id, timestamp=now - WINDOW_SECONDS - 5),
        "too new": signer.headers(raw, user_id, timestamp=now + WINDOW_SECONDS + 5),
        "another timestamp": {key: good.replace(str(now)[:9], str(now - 10)[:9])},
        "unknown key": Signer("eu-9", signer.sign).headers(raw, user_id),
        "wrong key": Signer("eu-1", lambda text: digest(b"x" * 32, text, "sha256")).headers(
            raw, user_id
        ),
        "empty": {key: ""},
        "malformed": {key: "nonsense"},
        "no base64": {key: f"{stem}signature=%%"},
        "cut": {key: f"{stem}signature={value[4:]}"},
        "twice": {key: f"{good},{good}"},
    }


WAYS = tuple(bad_headers(Signer("k", lambda text: b"x" * 32), b"", uuid4()))


@pytest.mark.parametrize("way", WAYS)
def test_a_bad_signature_stores_nothing(
    intake_client: FlaskClient, store: Store, bearer: Bearer, signer: Signer, way: str
) -> None:
    user_id, raw = uuid4(), orjson.dumps(make_body())
    headers = {**bearer(user_id), **bad_headers(signer, raw, user_id)[way], **AT_ONCE}
    error = assert_refused(post(intake_client, raw, headers), 401, "SIGNATURE_INVALID")
    assert "details" not in error
    assert count_rows(store) == 0
    # The same request, signed as it should be, is taken.
    headers = {**bearer(user_id), **signer.headers(raw, user_id), **AT_ONCE}
    assert post(intake_client, raw, headers).status_code == 202


@pytest.mark.parametrize("way", ["another body", "another user", "unknown key", "malformed"])
def test_a_bad_signature_refuses_a_whole_batch(
    intake_client: FlaskClient, store: Store, bearer: Bearer, signer: Signer, way: str
) -> None:
    user_id, raw = uuid4(), orjson.dumps({"actions": [make_body(), make_body()]})
    headers = {**bearer(user_id), **bad_headers(signer, raw, user_id)[way], **AT_ONCE}
    assert_refused(post(intake_client, raw, headers, BATCH), 401, "SIGNATURE_INVALID")
    # One that is good for the other path is not good here.
    headers = {**bearer(user_id), **signer.headers(raw, user_id), **AT_ONCE}
    assert_refused(post(intake_client, raw, headers, BATCH), 401, "SIGNATURE_INVALID")
    assert count_rows(store) == 0


def test_a_refused_signature_does_not_ask_for_another_token(
    client: FlaskClient, bearer: Bearer
) -> None:
    answer = client.post(
        COMPLETE, json=make_body(), headers={**bearer(), "X-Laurel-Signature": "x"}
    )
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_a_bad_body_is_named_before_the_signature(client: FlaskClient, bearer: Bearer) -> None:
    answer = client.post(
        COMPLETE, json=make_body(score=-1), headers={**bearer(), "X-Laurel-Signature": "x"}
    )
    assert_refused(answer, 400, "INVALID_PAYLOAD")


def test_a_repeated_request_gets_its_stored_result_and_a_replay_nothing_more(
    intake_client: FlaskClient, store: Store, bearer: Bearer, signer: Signer
) -> None:
    user_id, raw = uuid4(), orjson.dumps(make_body())
    headers = {**bearer(user_id), **signer.headers(raw, user_id), **AT_ONCE}
    assert post(intake_client, raw, headers).status_code == 202
    rows = count_rows(store)
    for _ in range(2):
        error = assert_refused(post(intake_client, raw, headers), 409, "DUPLICATE_ACTION")
        assert error["details"]["result"]["status"] == "pending"
    # Another player who has seen the request cannot use its signature.
    stolen = {**headers, **bearer(uuid4())}
    assert_refused(post(intake_client, raw, stolen), 401, "SIGNATURE_INVALID")
    assert count_rows(store) == rows


def test_a_revoked_key_is_refused_within_a_second(
    client: FlaskClient, store: Store, bearer: Bearer, signer: Signer
) -> None:
    user_id, raw = uuid4(), orjson.dumps(make_body())
    headers = {**bearer(user_id), **signer.headers(raw, user_id)}
    assert post(client, raw, headers).status_code == 200
    assert revoke_signing_key(store, key_id=signer.key_id, now=datetime.now(UTC))
    time.sleep(MAX_AGE_SECONDS)
    assert_refused(post(client, raw, headers), 401, "SIGNATURE_INVALID")


def test_a_new_key_works_at_once_although_others_are_known(
    client: FlaskClient, store: Store, settings: Settings, bearer: Bearer, signer: Signer
) -> None:
    user_id, raw = uuid4(), orjson.dumps(make_body())
    assert post(client, raw, {**bearer(user_id), **signer.headers(raw, user_id)}).status_code == 200
    time.sleep(0.11)
    other = make_signer(store, settings, "eu-2", public=False)
    assert post(client, raw, {**bearer(user_id), **other.headers(raw, user_id)}).status_code == 200


def test_keys_are_read_once_a_second_however_many_signatures_come(
    store: Store, settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    reads, now = [], [100.0]
    real = web.access.signing_keys.read_signing_keys

    def count(store: Store, cipher: SecretCipher) -> Any:
        reads.append(1)
        return real(store, cipher)

    monkeypatch.setattr(web.access.signing_keys, "read_signing_keys", count)
    keys = SigningKeys(store, make_cipher(settings), clock=lambda: now[0])
    for _ in range(20):
        assert keys.find("eu-1") is not None
        assert keys.find("eu-9") is None
    assert len(reads) == 1
    now[0] += MAX_AGE_SECONDS + 0.01
    assert keys.find("eu-1") is not None
    assert len(reads) == 2


def test_what_is_known_is_not_trusted_while_the_keys_cannot_be_read(
    store: Store, settings: Settings, signer: Signer, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [100.0]
    keys = SigningKeys(store, make_cipher(settings), clock=lambda: now[0])
    assert keys.find("eu-1") is not None

    def fail(*_: Any) -> Any:
        raise DatabaseUnavailableError

    monkeypatch.setattr(web.access.signing_keys, "read_signing_keys", fail)
    now[0] += MAX_AGE_SECONDS + 0.01
    with pytest.raises(DatabaseUnavailableError):
        keys.find("eu-1")


def test_who_writes_to_the_database_cannot_make_a_known_secret_a_key(
    client: FlaskClient, store: Store, settings: Settings, bearer: Bearer
) -> None:
    # That of a second factor, which its player knows.
    known = make_cipher(settings).encrypt(b"s" * 20, owner=name_owner(uuid4()))
    with store.write() as connection:
        planted = {"key_id": "eu-1", "algorithm": "hmac-sha256", "key": known}
        connection.execute(insert(tables.signing_keys).values(planted))
    user_id, raw = uuid4(), orjson.dumps(make_body())
    thief = Signer("eu-1", lambda text: digest(b"s" * 20, text, "sha256"))
    answer = post(client, raw, {**bearer(user_id), **thief.headers(raw, user_id)})
    assert_refused(answer, 500, "INTERNAL_ERROR")


def test_a_key_of_another_secret_is_our_fault_and_said_in_the_log(
    store: Store,
    settings: Settings,
    batcher: RecordingBatcher,
    bearer: Bearer,
    signer: Signer,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app: Flask = create_app(replace(settings, secrets_key="x" * 32), store, batcher)
    user_id, raw = uuid4(), orjson.dumps(make_body())
    answer = post(app.test_client(), raw, {**bearer(user_id), **signer.headers(raw, user_id)})
    assert_refused(answer, 500, "INTERNAL_ERROR")
    assert batcher.taken == []
    assert "signing key cannot be decrypted" in "".join(capsys.readouterr())
