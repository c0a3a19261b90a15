"""The access token: issued and verified by flask-jwt-extended, with stricter checks on top.

Those of another identity provider are verified by PyJWT, with its key set. Used by
`web/access/verifier.py` (decoding), the account views and `cli/tokens.py` (issuing).
"""

import binascii
import re
from base64 import urlsafe_b64decode, urlsafe_b64encode
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

from flask import Flask
from flask_jwt_extended import JWTManager, create_access_token, decode_token
from flask_jwt_extended.exceptions import JWTExtendedException
from jwt import ExpiredSignatureError, PyJWTError, decode

from domain.errors import (
    InvalidPayloadError,
    InvalidTokenError,
    MalformedJsonError,
    TokenExpiredError,
)
from domain.settings import Settings
from web.access.jwks import ALGORITHMS as JWKS_ALGORITHMS
from web.access.jwks import MAX_KEY_ID_CHARS
from web.access.key_set import KeySet
from web.http.caller import ROLE_PLAYER, Principal
from web.http.json_body import parse_json
from web.http.scalars import parse_uuid

ALGORITHM = "HS256"
MAX_TOKEN_CHARS = 4096
MAX_JTI_CHARS = 64
MAX_TIME_SECONDS = 2**37
# When the login of one of our own tokens began, with a fraction: `iat` has whole seconds, and a
# login within the second of a revocation would give a token that is refused at once.
OPENED_CLAIM = "opened_at"

_SEGMENT = re.compile(r"[A-Za-z0-9_-]+", re.ASCII)
# Headers that name a key or change what is signed: the sender must not choose either.
_REFUSED_HEADERS = frozenset({"jku", "jwk", "x5u", "x5c", "crit", "b64", "zip"})
# Names of the key besides `kid`: providers send them, and our own tokens have none of them.
_KEY_NAMES = frozenset({"kid", "x5t", "x5t#S256"})


class TokenCodec:
    """Issues and decodes tokens for one JWT_SECRET, outside of any request or application.

    With JWT_JWKS it decodes those of another provider too, by keys of its set. A token's algorithm
    decides which of both may verify it: never the secret for theirs, never their keys for ours.
    """

    def __init__(self, settings: Settings):
        self.key_set = KeySet(settings.jwt_jwks) if settings.jwt_jwks else None
        self._settings = settings
        # flask-jwt-extended reads its settings from an application; this one serves no requests.
        self._app = Flask(__name__, static_folder=None)
        self._app.config.update(
            JWT_SECRET_KEY=settings.jwt_secret,
            JWT_ALGORITHM=ALGORITHM,
            JWT_DECODE_ALGORITHMS=[ALGORITHM],
            JWT_DECODE_LEEWAY=settings.jwt_leeway_seconds,
            JWT_ENCODE_ISSUER=settings.jwt_issuer or None,
            JWT_DECODE_ISSUER=settings.jwt_issuer or None,
            JWT_ENCODE_AUDIENCE=settings.jwt_audience or None,
            JWT_DECODE_AUDIENCE=settings.jwt_audience or None,
            JWT_ENCODE_NBF=False,
            # Tokens are sent in a header, never in a cookie: there is no cross-site forgery.
            JWT_COOKIE_CSRF_PROTECT=False,
        )
        JWTManager(self._app)

    def issue(
        self,
        *,
        user_id: UUID,
        username: str | None,
        roles: Iterable[str] = (),
        session_id: UUID | None = None,
        opened_at: datetime | None = None,
        lifetime_seconds: int | None = None,
    ) -> str:
        """Return a new access token, valid for `lifetime_seconds` or JWT_EXPIRATION.

        Revocations of the user up to `opened_at` (by default now) do not touch it.
        """
        optional = {
            "username": username,
            "roles": sorted(roles) or None,
            "sid": str(session_id) if session_id else None,
        }
        lifetime = lifetime_seconds or self._settings.jwt_expiration
        with self._app.app_context():
            token: str = create_access_token(
                str(user_id),
                expires_delta=timedelta(seconds=lifetime),
                additional_claims={
                    "jti": str(uuid4()),
                    OPENED_CLAIM: (opened_at or datetime.now(UTC)).timestamp(),
                    **{name: value for name, value in optional.items() if value is not None},
                },
            )
        return token

    @property
    def generation(self) -> int:
        """A number that changes when tokens that were valid may not be any more."""
        return self.key_set.generation if self.key_set else 0

    def decode(self, token: str) -> Principal:
        """Return the holder of the token.

        Raises InvalidTokenError, TokenExpiredError, or TransientError while the keys of JWT_JWKS
        could not be read.
        """
        header, payload = _split(token)
        if _REFUSED_HEADERS & header.keys():
            raise InvalidTokenError
        is_ours = header.get("alg") == ALGORITHM
        principal = self._read_claims(payload, is_ours=is_ours)
        try:
            if is_ours:
                self._check_ours(token, header)
            else:
                self._check_theirs(token, header)
        except ExpiredSignatureError as error:
            raise TokenExpiredError from error
        except (PyJWTError, JWTExtendedException) as error:
            raise InvalidTokenError from error
        return principal

    def _check_ours(self, token: str, header: Mapping[str, Any]) -> None:
        if _KEY_NAMES & header.keys():
            raise InvalidTokenError
        with self._app.app_context():
            decode_token(token)

    def _check_theirs(self, token: str, header: Mapping[str, Any]) -> None:
        algorithm, key_id = header.get("alg"), header.get("kid")
        if self.key_set is None or type(algorithm) is not str or algorithm not in JWKS_ALGORITHMS:
            raise InvalidTokenError
        if "kid" in header and (type(key_id) is not str or len(key_id) > MAX_KEY_ID_CHARS):
            raise InvalidTokenError
        audience = self._settings.jwt_audience or None
        decode(
            token,
            self.key_set.find(algorithm, key_id),
            algorithms=[algorithm],
            leeway=self._settings.jwt_leeway_seconds,
            issuer=self._settings.jwt_issuer or None,
            audience=audience,
            options={"verify_aud": audience is not None},
        )

    def _read_claims(self, payload: Mapping[str, Any], *, is_ours: bool) -> Principal:
        """Return what well-formed claims say; the signature is not checked here."""
        issued, expires = _read_time(payload, "iat"), _read_time(payload, "exp")
        if "nbf" in payload:
            _read_time(payload, "nbf")
        longest = self._settings.jwt_expiration + self._settings.jwt_leeway_seconds
        if (expires - issued).total_seconds() > longest:
            raise InvalidTokenError
        user_id = parse_uuid(payload.get("sub"))
        jti = payload.get("jti")
        if user_id is None or type(jti) is not str or not 0 < len(jti) <= MAX_JTI_CHARS:
            raise InvalidTokenError
        if payload.get("type", "access") != "access":
            raise InvalidTokenError
        return Principal(
            user_id=user_id,
            username=_read_username(payload),
            roles=_read_roles(payload),
            session_id=_read_session(payload, is_ours=is_ours),
            jti=jti,
            issued_at=(
                _read_time(payload, OPENED_CLAIM) if is_ours and OPENED_CLAIM in payload else issued
            ),
            expires_at=expires,
        )


def _split(token: str) -> tuple[Mapping[str, Any], Mapping[str, Any]]:
    """Return header and payload of a token: three segments in canonical base64url."""
    segments = token.split(".")
    if len(segments) != 3:
        raise InvalidTokenError
    header, payload, _ = (_decode_segment(segment) for segment in segments)
    return _parse_object(header), _parse_object(payload)


def _decode_segment(segment: str) -> bytes:
    if not _SEGMENT.fullmatch(segment):
        raise InvalidTokenError
    try:
        raw = urlsafe_b64decode(segment + "=" * (-len(segment) % 4))
    except binascii.Error as error:
        raise InvalidTokenError from error
    # Unused bits of the last character would allow a second encoding of the same bytes.
    if urlsafe_b64encode(raw).rstrip(b"=").decode() != segment:
        raise InvalidTokenError
    return raw


def _parse_object(raw: bytes) -> Mapping[str, Any]:
    try:
        value = parse_json(raw)
    except (MalformedJsonError, InvalidPayloadError) as error:
        raise InvalidTokenError from error
    if type(value) is not dict:
        raise InvalidTokenError
    return value


def _read_time(payload: Mapping[str, Any], name: str) -> datetime:
    value = payload.get(name)
    if type(value) not in (int, float) or not 0 <= value <= MAX_TIME_SECONDS:  # type: ignore[operator]
        raise InvalidTokenError
    return datetime.fromtimestamp(value, UTC)  # type: ignore[arg-type]


def _read_username(payload: Mapping[str, Any]) -> str | None:
    username = payload.get("username")
    if username is not None and type(username) is not str:
        raise InvalidTokenError
    return username


def _read_roles(payload: Mapping[str, Any]) -> frozenset[str]:
    roles = payload.get("roles", [])
    if type(roles) is not list or not all(type(role) is str for role in roles):
        raise InvalidTokenError
    return frozenset(roles) or frozenset({ROLE_PLAYER})


def _read_session(payload: Mapping[str, Any], *, is_ours: bool) -> UUID | None:
    if "sid" not in payload:
        return None
    session_id = parse_uuid(payload["sid"])
    # Other providers name sessions as they like.
    if session_id is None and is_ours:
        raise InvalidTokenError
    return session_id
