"""Verifies access tokens and API keys from memory, and refuses the revoked.

Used by the middleware of the API and by the WebSocket connections. flask-jwt-extended decodes a
token once; after that its hash is enough until it expires or is revoked.
"""

import threading
import time
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from hashlib import blake2b
from uuid import UUID

from domain.accounts.api_keys import KEY_PREFIX
from domain.errors import (
    DatabaseUnavailableError,
    InvalidTokenError,
    TokenExpiredError,
    UnauthorizedError,
)
from domain.settings import Settings
from domain.store.store import Store
from web.access.api_keys import ApiKeys
from web.access.key_set import KeySet
from web.access.revocations import Revocations
from web.access.tokens import MAX_TOKEN_CHARS, TokenCodec
from web.http.caller import Principal

MAX_REMEMBERED_TOKENS = 50_000


@dataclass(frozen=True, slots=True)
class _Remembered:
    principal: Principal
    ends_at: float
    generation: int


class TokenVerifier:
    """Turns a bearer token into its Principal; thread-safe.

    Long-running processes call `start` and `stop`: revocations are then read in the background.
    """

    def __init__(self, settings: Settings, store: Store):
        self._admits_spectators = settings.spectators
        self._leeway_seconds = settings.jwt_leeway_seconds
        self.codec = TokenCodec(settings)
        self._revocations = Revocations(store)
        # For requests whose token was verified: revocations and bans have been read then.
        self.bans = self._revocations.bans
        self._api_keys = ApiKeys(store)
        self._remembered: dict[bytes, _Remembered] = {}
        self._lock = threading.Lock()

    @property
    def revocations(self) -> Revocations:
        """What this process knows of revoked tokens, with the thread that reads them."""
        return self._revocations

    @property
    def background(self) -> tuple[Revocations | ApiKeys | KeySet, ...]:
        """What reads in the background, each with its thread."""
        key_set = self.codec.key_set
        return (self._revocations, self._api_keys, *([key_set] if key_set else []))

    def start(self) -> None:
        """Start reading revocations every second, API keys, and the keys of JWT_JWKS."""
        for service in self.background:
            service.start()

    def stop(self) -> None:
        """Stop reading."""
        for service in self.background:
            service.stop()

    def look_soon(self, _message: str = "") -> None:
        """Have the revocations read now: the handler of the revocation channel."""
        self._revocations.read_soon()

    def look_now(self) -> None:
        """Read a revocation just made by this process; on failure the thread reads it later."""
        with suppress(DatabaseUnavailableError):
            self._revocations.read()

    def verify(self, token: str) -> Principal:
        """Return the holder of this token or API key.

        Raises InvalidTokenError (also when it is revoked), TokenExpiredError, or TransientError
        until the revocations, API keys or keys of JWT_JWKS that it takes have been read once.
        """
        if len(token) > MAX_TOKEN_CHARS:
            raise InvalidTokenError
        if token.startswith(KEY_PREFIX):
            return self._verify_api_key(token)
        digest = blake2b(token.encode("utf-8", "surrogatepass"), digest_size=16).digest()
        remembered = self._remembered.get(digest)
        if remembered is None or remembered.generation != self.codec.generation:
            remembered = self._decode(token, digest)
        if time.time() >= remembered.ends_at:
            raise TokenExpiredError
        if remembered.principal.is_spectator and not self._admits_spectators:
            raise InvalidTokenError
        return self._refuse_revoked(remembered.principal)

    def is_revoked(
        self,
        *,
        user_id: UUID,
        session_id: UUID | None = None,
        jti: str | None = None,
        issued_at: datetime | None = None,
    ) -> bool:
        """Return whether the token, its session or its user is revoked; answers from memory."""
        return self._revocations.is_revoked(
            user_id=user_id, session_id=session_id, jti=jti, issued_at=issued_at
        )

    def is_banned(self, user_id: UUID) -> bool:
        """Return whether the user is banned; raises DatabaseUnavailableError as `is_revoked`."""
        return self._revocations.find_ban(user_id) is not None

    def _verify_api_key(self, secret: str) -> Principal:
        principal = self._api_keys.find(secret)
        if time.time() >= principal.expires_at.timestamp():
            raise TokenExpiredError
        self._refuse_revoked(principal)
        self._api_keys.note_use(principal.user_id)
        return principal

    def _refuse_revoked(self, principal: Principal) -> Principal:
        if self.is_revoked(
            user_id=principal.user_id,
            session_id=principal.session_id,
            jti=principal.jti,
            issued_at=principal.issued_at,
        ):
            raise InvalidTokenError
        return principal

    def _decode(self, token: str, digest: bytes) -> _Remembered:
        # Read first: a key that is taken away meanwhile must not be overlooked.
        generation = self.codec.generation
        principal = self.codec.decode(token)
        ends_at = principal.expires_at.timestamp() + self._leeway_seconds
        remembered = _Remembered(principal, ends_at, generation)
        with self._lock:
            while len(self._remembered) >= MAX_REMEMBERED_TOKENS:
                self._remembered.pop(next(iter(self._remembered)))
            self._remembered[digest] = remembered
        return remembered


def read_bearer_token(authorization: str | None) -> str:
    """Return the token of an Authorization header.

    Raises UnauthorizedError when there is none or the scheme is another, InvalidTokenError when it
    is not exactly one token.
    """
    scheme, _, token = (authorization or "").strip().partition(" ")
    if scheme.lower() != "bearer":
        raise UnauthorizedError
    token = token.strip()
    if not token or " " in token or "," in token:
        raise InvalidTokenError
    return token
