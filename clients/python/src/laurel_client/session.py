"""Who calls: the tokens, and their renewal when one has ended."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

from laurel_client.exchange import Call, Request, Response, Retries, expect_ok, send

ENDED = frozenset({"TOKEN_EXPIRED", "INVALID_TOKEN"})


@dataclass(frozen=True, kw_only=True)
class Tokens:
    """An access token, and the refresh token with which to get the next one."""

    access: str
    refresh: str | None = None
    user_id: str | None = None
    username: str | None = None


class Session:
    """The tokens of one caller.

    `renew` returns a new access token, for tokens that somebody else issues; without it the refresh
    token is used. `on_change` is told new tokens, to keep them: a refresh token is used once.
    """

    def __init__(
        self,
        tokens: Tokens | None = None,
        *,
        renew: Callable[[], str] | None = None,
        on_change: Callable[[Tokens], object] = lambda _tokens: None,
    ):
        self.tokens = tokens
        self._renew = renew
        self._on_change = on_change

    def take(self, answer: dict[str, Any]) -> Tokens:
        """Take the tokens out of the answer of a login; return them."""
        before = self.tokens or Tokens(access="")
        self.tokens = Tokens(
            access=answer["accessToken"],
            refresh=answer.get("refreshToken"),
            user_id=answer.get("userId", before.user_id),
            username=answer.get("username", before.username),
        )
        self._on_change(self.tokens)
        return self.tokens

    def call(self, request: Request, retries: Retries) -> Call[Response]:
        """Send a request with the access token, once more with a new one if it has ended.

        Raises as `send` does.
        """
        response = yield from send(self._authorize(request), retries)
        is_ended = request.needs_token and response.error.get("code") in ENDED
        if is_ended and (yield from self.renew(retries)):
            response = yield from send(self._authorize(request), retries)
        return response

    def renew(self, retries: Retries) -> Call[bool]:
        """Get a new access token; return False when there is no way to.

        Raises ApiError and UnreachableError.
        """
        if self._renew is not None:
            before = self.tokens or Tokens(access="")
            self.tokens = replace(before, access=self._renew())
            self._on_change(self.tokens)
            return True
        if self.tokens is None or self.tokens.refresh is None:
            return False
        # The server takes a repeat for ten seconds only; a later one would end the session.
        request = Request(
            method="POST",
            path="/api/auth/refresh",
            json={"refreshToken": self.tokens.refresh},
            needs_token=False,
            is_repeatable=False,
        )
        self.take(expect_ok((yield from send(request, retries))))
        return True

    def _authorize(self, request: Request) -> Request:
        if not request.needs_token or self.tokens is None:
            return request
        headers = {**request.headers, "Authorization": f"Bearer {self.tokens.access}"}
        return replace(request, headers=headers)
