"""Credentials that must not let anybody in; bad-inputs "Token"."""

import base64
import hashlib
import hmac
import json
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import jwt
import pytest
from flask.testing import FlaskClient

from domain.accounts.sessions import end_session, revoke_token, revoke_user
from domain.settings import Settings
from domain.store.store import Store
from tests.factories import JWT_SECRET, make_settings
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import COMPLETE, Headers, assert_refused, count_rows, make_body
from web.app import create_app

ISSUER, AUDIENCE = "https://id.example", "laurel"


def now() -> int:
    """Return the time in seconds: of the test that asks, not of the import."""
    return int(time.time())


def make_claims(**overrides: Any) -> dict[str, Any]:
    """Return sound claims; an override of `...` leaves one out."""
    issued_at = now()
    claims = {
        "sub": str(uuid4()),
        "iat": issued_at,
        "exp": issued_at + 600,
        "jti": str(uuid4()),
        "iss": ISSUER,
        "aud": AUDIENCE,
        **overrides,
    }
    return {name: value for name, value in claims.items() if value is not ...}


def sign(claims: dict[str, Any], *, key: str = JWT_SECRET, **header: Any) -> str:
    """Return a token over any claims and header, signed as its header says."""
    header = {"alg": "HS256", "typ": "JWT", **header}
    digest = {"HS384": hashlib.sha384, "HS512": hashlib.sha512}.get(header["alg"], hashlib.sha256)
    signed = f"{encode(json.dumps(header).encode())}.{encode(json.dumps(claims).encode())}"
    return f"{signed}.{encode(hmac.new(key.encode(), signed.encode(), digest).digest())}"


def encode(raw: bytes) -> str:
    """Return base64url without padding."""
    return base64.urlsafe_b64encode(raw).rstrip(b"=").decode()


def bearer_of(token: str) -> Headers:
    """Return the header that carries the token."""
    return {"Authorization": f"Bearer {token}"}


@pytest.fixture
def strict_settings(settings: Settings) -> Settings:
    """Settings that ask for an issuer and an audience."""
    return make_settings(
        database_url=settings.database_url,
        redis_url=settings.redis_url,
        jwt_issuer=ISSUER,
        jwt_audience=AUDIENCE,
    )


@pytest.fixture
def strict_client(
    strict_settings: Settings, store: Store, batcher: RecordingBatcher
) -> Iterator[FlaskClient]:
    """A client of an application that asks for an issuer and an audience."""
    yield create_app(strict_settings, store, batcher).test_client()
    # Whatever a test here sends, only one with a good token may reach intake.
    assert count_rows(store) == 0


def post(client: FlaskClient, headers: Headers) -> Any:
    """Post a sound action with these headers."""
    return client.post(COMPLETE, json=make_body(), headers=headers)


def tampered(token: str) -> str:
    """Return the token with one bit of its signature flipped."""
    head, _, signature = token.rpartition(".")
    raw = bytearray(base64.urlsafe_b64decode(signature + "="))
    raw[5] ^= 1
    return f"{head}.{encode(bytes(raw))}"


def respelled(token: str) -> str:
    """Return the token with a second spelling of the same signature bytes."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"
    return token[:-1] + letters[letters.index(token[-1]) ^ 1]


BAD_TOKENS: dict[str, Callable[[], str]] = {
    "garbage": lambda: "garbage",
    "two segments": lambda: sign(make_claims()).rpartition(".")[0],
    "four segments": lambda: sign(make_claims()) + ".x",
    "empty segments": lambda: "..",
    "alg none": lambda: sign(make_claims(), alg="none"),
    "alg none without a signature": lambda: (
        sign(make_claims(), alg="none").rpartition(".")[0] + "."
    ),
    "alg None": lambda: sign(make_claims(), alg="None"),
    "alg nOnE": lambda: sign(make_claims(), alg="nOnE"),
    "HS384 with the right key": lambda: sign(make_claims(), alg="HS384"),
    "HS512 with the right key": lambda: sign(make_claims(), alg="HS512"),
    "no alg": lambda: sign(make_claims(), alg=None),
    "wrong key": lambda: sign(make_claims(), key="x" * 40),
    "flipped signature bit": lambda: tampered(sign(make_claims())),
    "second spelling of the signature": lambda: respelled(sign(make_claims())),
    "stripped signature": lambda: sign(make_claims()).rpartition(".")[0] + ".",
    "padding": lambda: sign(make_claims()) + "=",
    "nbf in the future": lambda: sign(make_claims(nbf=now() + 300)),
    "nbf as text": lambda: sign(make_claims(nbf="now")),
    "iat in the future": lambda: sign(make_claims(iat=now() + 300, exp=now() + 600)),
    "no iat": lambda: sign(make_claims(iat=...)),
    "no exp": lambda: sign(make_claims(exp=...)),
    "exp as text": lambda: sign(make_claims(exp="tomorrow")),
    "exp true": lambda: sign(make_claims(exp=True)),
    "exp negative": lambda: sign(make_claims(exp=-1)),
    "exp huge": lambda: sign(make_claims(exp=10**30)),
    "exp Infinity": lambda: sign(make_claims(exp=float("inf"))),
    "lives too long": lambda: sign(make_claims(exp=now() + 10 * 365 * 86400)),
    "no jti": lambda: sign(make_claims(jti=...)),
    "jti a number": lambda: sign(make_claims(jti=5)),
    "jti too long": lambda: sign(make_claims(jti="j" * 65)),
    "no aud": lambda: sign(make_claims(aud=...)),
    "foreign aud": lambda: sign(make_claims(aud="other")),
    "aud list without us": lambda: sign(make_claims(aud=["a", "b"])),
    "aud a number": lambda: sign(make_claims(aud=5)),
    "no iss": lambda: sign(make_claims(iss=...)),
    "foreign iss": lambda: sign(make_claims(iss="https://evil.example")),
    "no sub": lambda: sign(make_claims(sub=...)),
    "sub a number": lambda: sign(make_claims(sub=5)),
    "sub an injection": lambda: sign(make_claims(sub="' OR 1=1--")),
    "sub no UUID": lambda: sign(make_claims(sub="user123")),
    "sub in braces": lambda: sign(make_claims(sub=f"{{{uuid4()}}}")),
    "jku": lambda: sign(make_claims(), jku="http://127.0.0.1:9/keys"),
    "x5u": lambda: sign(make_claims(), x5u="http://127.0.0.1:9/cert"),
    "jwk": lambda: sign(make_claims(), jwk={"kty": "oct", "k": encode(JWT_SECRET.encode())}),
    "crit": lambda: sign(make_claims(), crit=["exp"]),
    "unknown kid": lambda: sign(make_claims(), kid="../../dev/null"),
    "kid null": lambda: sign(make_claims(), kid=None),
    "roles as text": lambda: sign(make_claims(roles="admin")),
    "roles of numbers": lambda: sign(make_claims(roles=[1])),
    "username a number": lambda: sign(make_claims(username=5)),
    "sid no UUID": lambda: sign(make_claims(sid="x")),
    "a refresh token": lambda: sign(make_claims(type="refresh")),
    "over 4 KB": lambda: sign(make_claims(extra="x" * 4096)),
    "60 KB": lambda: sign(make_claims(extra="x" * 60_000)),
    "a name twice": lambda: sign_raw('{"sub":"a","sub":"b"}'),
    "payload no object": lambda: sign_raw("[]"),
    "payload no JSON": lambda: sign_raw("{"),
}


def sign_raw(payload: str) -> str:
    """Return a well-signed token over a payload that json.dumps would not write."""
    signed = f"{encode(json.dumps({'alg': 'HS256'}).encode())}.{encode(payload.encode())}"
    digest = hmac.new(JWT_SECRET.encode(), signed.encode(), hashlib.sha256).digest()
    return f"{signed}.{encode(digest)}"


@pytest.mark.parametrize("make", BAD_TOKENS.values(), ids=BAD_TOKENS.keys())
def test_a_token_that_is_not_ours_is_invalid(
    strict_client: FlaskClient, make: Callable[[], str], batcher: RecordingBatcher
) -> None:
    assert_refused(post(strict_client, bearer_of(make())), 401, "INVALID_TOKEN")
    assert batcher.taken == []


@pytest.mark.parametrize(
    "overrides",
    [
        dict,
        lambda: {"aud": ["other", AUDIENCE]},
        lambda: {"nbf": now() - 1},
        lambda: {"roles": ["player"]},
        lambda: {"iat": now() - 0.5},
    ],
    ids=["plain", "aud list", "nbf", "roles", "fraction"],
)
def test_the_tokens_here_are_valid_except_for_their_fault(
    strict_client: FlaskClient, overrides: Callable[[], dict[str, Any]]
) -> None:
    token = sign(make_claims(**overrides()))
    jwt.decode(token, JWT_SECRET, algorithms=["HS256"], audience=AUDIENCE, issuer=ISSUER)
    assert post(strict_client, bearer_of(token)).status_code == 200


@pytest.mark.parametrize(
    ("authorization", "code"),
    [
        (None, "UNAUTHORIZED"),
        ("", "UNAUTHORIZED"),
        ("Basic abc", "UNAUTHORIZED"),
        ("Token abc", "UNAUTHORIZED"),
        ("Bearer", "INVALID_TOKEN"),
        ("Bearer ", "INVALID_TOKEN"),
        ("Bearer {token} {token}", "INVALID_TOKEN"),
        ("Bearer {token}, Bearer {token}", "INVALID_TOKEN"),
        ("Bearer{token}", "UNAUTHORIZED"),
    ],
)
def test_a_header_without_exactly_one_bearer_token_is_refused(
    strict_client: FlaskClient, authorization: str | None, code: str
) -> None:
    token = sign(make_claims())
    headers = {} if authorization is None else {"Authorization": authorization.format(token=token)}
    assert_refused(post(strict_client, headers), 401, code)


@pytest.mark.parametrize("scheme", ["bearer", "BEARER", "bEaReR"])
def test_the_scheme_is_read_in_any_case(strict_client: FlaskClient, scheme: str) -> None:
    headers = {"Authorization": f"{scheme} {sign(make_claims())}"}
    assert post(strict_client, headers).status_code == 200


def test_a_token_elsewhere_than_in_the_header_counts_for_nothing(
    strict_client: FlaskClient,
) -> None:
    token = sign(make_claims())
    strict_client.set_cookie("access_token_cookie", token)
    answer = strict_client.post(f"{COMPLETE}?jwt={token}&access_token={token}", json=make_body())
    assert_refused(answer, 401, "UNAUTHORIZED")


def test_an_expired_token_is_accepted_within_the_leeway_and_no_longer(
    strict_client: FlaskClient, strict_settings: Settings
) -> None:
    leeway, moment = strict_settings.jwt_leeway_seconds, now()
    within = sign(make_claims(iat=moment - 60, exp=moment - leeway + 3))
    assert post(strict_client, bearer_of(within)).status_code == 200
    over = sign(make_claims(iat=moment - 60, exp=moment - leeway - 1))
    assert_refused(post(strict_client, bearer_of(over)), 401, "TOKEN_EXPIRED")


def test_a_cached_token_expires_too(strict_client: FlaskClient, strict_settings: Settings) -> None:
    moment = now()
    token = sign(make_claims(iat=moment - 60, exp=moment - strict_settings.jwt_leeway_seconds + 2))
    assert post(strict_client, bearer_of(token)).status_code == 200
    time.sleep(2.1)
    assert_refused(post(strict_client, bearer_of(token)), 401, "TOKEN_EXPIRED")


def later() -> datetime:
    """Return a moment after every token of a test has ended."""
    return datetime.now(UTC) + timedelta(hours=2)


REVOCATIONS: dict[str, Callable[[Store, dict[str, Any]], None]] = {
    "its id": lambda store, claims: revoke_token(store, jti=claims["jti"], until=later()),
    "its session": lambda store, claims: end_session(
        store, session_id=UUID(claims["sid"]), until=later()
    ),
    "its user": lambda store, claims: revoke_user(
        store, user_id=UUID(claims["sub"]), until=later()
    ),
}


@pytest.mark.parametrize("revoke", REVOCATIONS.values(), ids=REVOCATIONS.keys())
def test_a_revoked_token_is_invalid_and_others_are_not(
    strict_client: FlaskClient, store: Store, revoke: Callable[[Store, dict[str, Any]], None]
) -> None:
    claims, other = make_claims(sid=str(uuid4())), make_claims(sid=str(uuid4()))
    verifier = strict_client.application.extensions["laurel"].verifier
    assert post(strict_client, bearer_of(sign(claims))).status_code == 200
    revoke(store, claims)
    verifier.look_now()
    assert_refused(post(strict_client, bearer_of(sign(claims))), 401, "INVALID_TOKEN")
    assert post(strict_client, bearer_of(sign(other))).status_code == 200


def test_a_token_issued_after_its_user_was_revoked_is_valid(
    strict_client: FlaskClient, store: Store
) -> None:
    user = uuid4()
    revoke_user(store, user_id=user, until=later())
    moment = now()
    young = sign(make_claims(sub=str(user), iat=moment + 2, exp=moment + 60))
    old = sign(make_claims(sub=str(user), iat=moment - 2, exp=moment + 60))
    assert post(strict_client, bearer_of(young)).status_code == 200
    assert_refused(post(strict_client, bearer_of(old)), 401, "INVALID_TOKEN")


def test_a_revocation_before_the_start_is_known_with_the_first_request(
    strict_client: FlaskClient, store: Store
) -> None:
    claims = make_claims()
    revoke_token(store, jti=claims["jti"], until=later())
    assert_refused(post(strict_client, bearer_of(sign(claims))), 401, "INVALID_TOKEN")


def test_the_thread_reads_a_revocation_within_a_second(
    strict_client: FlaskClient, store: Store
) -> None:
    verifier = strict_client.application.extensions["laurel"].verifier
    claims = make_claims()
    assert post(strict_client, bearer_of(sign(claims))).status_code == 200
    verifier.start()
    try:
        revoke_token(store, jti=claims["jti"], until=later())
        time.sleep(1.2)
        assert_refused(post(strict_client, bearer_of(sign(claims))), 401, "INVALID_TOKEN")
    finally:
        verifier.stop()
