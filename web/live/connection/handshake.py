"""The checks of a WebSocket handshake before the upgrade; refusals are plain HTTP responses.

`endpoints/sockets.py` calls them in order: a valid upgrade, an allowed origin, a subprotocol.
"""

import base64
import binascii
import re
from collections.abc import Mapping
from typing import Any

from flask import Request

from domain.errors import InvalidPayloadError, OriginNotAllowedError, TransientError
from domain.settings import Settings
from web.http.errors import UpgradeRequiredError
from web.http.origins import AllowedOrigins
from web.live.connection.credentials import TICKET_PREFIX
from web.live.protocol import SUBPROTOCOL

WEBSOCKET_VERSION = "13"
KEY_BYTES = 16
_TOKEN = re.compile(r"[A-Za-z0-9._-]{1,64}", re.ASCII)
LOOPBACK_HOSTS = ("127.0.0.1", "localhost", "::1", "0.0.0.0", "::")
# What simple_websocket may see of the request: no extensions above all, because compression costs
# 100 KB a socket.
_HANDSHAKE_HEADERS = (
    "HTTP_CONNECTION",
    "HTTP_UPGRADE",
    "HTTP_SEC_WEBSOCKET_KEY",
    "HTTP_SEC_WEBSOCKET_VERSION",
)


class GoingAwayError(TransientError):
    """This process is shutting down; its successor takes new connections in a moment."""

    default_message = "This server is going away; connect again shortly"


def check_upgrade(request: Request) -> None:
    """Refuse what is not a WebSocket handshake (RFC 6455, section 4.2.1).

    Raises UpgradeRequiredError or InvalidPayloadError.
    """
    environ = request.environ
    if request.method != "GET" or environ.get("SERVER_PROTOCOL") != "HTTP/1.1":
        raise UpgradeRequiredError("A WebSocket begins with GET and HTTP/1.1")
    if environ.get("HTTP_SEC_WEBSOCKET_VERSION") != WEBSOCKET_VERSION:
        raise UpgradeRequiredError(f"Sec-WebSocket-Version is {WEBSOCKET_VERSION}")
    if not _is_key(environ.get("HTTP_SEC_WEBSOCKET_KEY", "")):
        raise InvalidPayloadError("Sec-WebSocket-Key is 16 bytes in base64")
    if environ.get("CONTENT_LENGTH", "0") not in ("", "0") or "HTTP_TRANSFER_ENCODING" in environ:
        raise InvalidPayloadError("A handshake has no body")


def check_origin(origin: str | None, allowed: AllowedOrigins, *, host: str = "") -> None:
    """Refuse pages of other origins; programs send none. Raises OriginNotAllowedError.

    `host` is the Host header of the handshake.
    """
    if origin is not None and not allowed.allows(origin, host=host):
        raise OriginNotAllowedError


def list_allowed_origins(settings: Settings) -> AllowedOrigins:
    """Return ALLOWED_ORIGINS and our own: the API's, and the one that clients derive from `/ws`.

    On loopback under each of its names, with a wildcard as HOST under every name of this machine.
    """
    hosts = {settings.host}
    if settings.host in LOOPBACK_HOSTS:
        hosts |= {"127.0.0.1", "localhost"}
    ports = (settings.port, settings.live_port)
    own = {f"http://{_in_url(host)}:{port}" for host in hosts for port in ports}
    return AllowedOrigins(settings, own=own, own_ports=ports)


def list_protocols(header: str | None) -> list[str]:
    """Return the subprotocols a client offers."""
    return [name.strip() for name in (header or "").split(",") if name.strip()]


def choose_protocol(offered: list[str]) -> str | None:
    """Return the subprotocol to answer with.

    Ours if it is offered, never a ticket, else the client's first: such a client is refused by a
    close code, and clients do not report one when the response names no subprotocol.
    """
    names = [name for name in offered if not name.startswith(TICKET_PREFIX)]
    if SUBPROTOCOL in names:
        return SUBPROTOCOL
    return next((name for name in names if _TOKEN.fullmatch(name)), None)


def strip_handshake(environ: dict[str, Any], protocol: str | None) -> None:
    """Keep in the environment only the headers that the upgrade needs, and one subprotocol."""
    kept: Mapping[str, Any] = {
        name: environ[name] for name in _HANDSHAKE_HEADERS if name in environ
    }
    for name in [name for name in environ if name.startswith("HTTP_")]:
        del environ[name]
    # wsproto requires a Host, and a client could send one that it fails to parse.
    environ.update(kept, HTTP_HOST="laurel")
    if protocol is not None:
        environ["HTTP_SEC_WEBSOCKET_PROTOCOL"] = protocol


def _is_key(key: str) -> bool:
    try:
        return len(base64.b64decode(key, validate=True)) == KEY_BYTES
    except (binascii.Error, ValueError):
        return False


def _in_url(host: str) -> str:
    return f"[{host}]" if ":" in host else host
