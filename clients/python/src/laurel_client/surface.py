"""What the clients of both kinds have in common: their settings, and how HTTP is spoken."""

import json
from dataclasses import dataclass
from typing import Any
from urllib.parse import urlsplit, urlunsplit

import httpx

from laurel_client.exchange import NO_ANSWER, Request, Response
from laurel_client.session import Tokens

USER_AGENT = "laurel-client"
ANSWER_SECONDS = 15.0
PATIENCE_SECONDS = 30.0


@dataclass(frozen=True, kw_only=True)
class Settings:
    """How a client behaves.

    It tries for `patience_seconds` to get an answer that is one, and waits `answer_seconds` for
    each. `live_url` is where the sockets are, if not where the server says.
    """

    url: str
    patience_seconds: float = PATIENCE_SECONDS
    answer_seconds: float = ANSWER_SECONDS
    live_url: str | None = None

    def http_options(self) -> dict[str, Any]:
        """Return the options of httpx's clients."""
        return {
            "base_url": self.url,
            "timeout": self.answer_seconds,
            "headers": {"User-Agent": USER_AGENT},
        }

    def locate(self, named: str) -> str:
        """Return where the sockets are, which the server has named `named`.

        A server that names a wildcard address means the host of its API.
        """
        if self.live_url is not None:
            return self.live_url
        parts = urlsplit(named)
        if parts.hostname not in ("0.0.0.0", "::"):
            return named
        host = urlsplit(self.url).hostname or "localhost"
        netloc = f"[{host}]" if ":" in host else host
        return urlunsplit(parts._replace(netloc=f"{netloc}:{parts.port}" if parts.port else netloc))


def make_tokens(token: str | Tokens | None) -> Tokens | None:
    """Return the tokens of what a caller gave."""
    return Tokens(access=token) if isinstance(token, str) else token


def encode(request: Request) -> dict[str, Any]:
    """Return the arguments of httpx's `request`."""
    return {
        "method": request.method,
        "url": request.path,
        "params": dict(request.params),
        "headers": dict(request.headers),
        "json": request.json,
    }


def decode(response: httpx.Response) -> Response:
    """Return the response as calls read it."""
    try:
        body = response.json() if response.content else None
    except json.JSONDecodeError:
        body = None
    headers = {name.lower(): value for name, value in response.headers.items()}
    return Response(response.status_code, headers, body if isinstance(body, dict) else None)


def no_answer() -> Response:
    """Return what stands for an answer that did not come."""
    return Response(NO_ANSWER, {}, None)
