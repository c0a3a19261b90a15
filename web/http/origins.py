"""Which pages' origins are allowed: for CORS, and for the WebSocket handshake."""

from collections.abc import Collection
from ipaddress import ip_address
from urllib.parse import urlsplit

from domain.settings import Settings

# A column of the tickets has this width; a host name has at most 253 characters.
MAX_ORIGIN_CHARS = 255
_WILDCARD_HOSTS = ("0.0.0.0", "::", "")


class AllowedOrigins:
    """The origins of ALLOWED_ORIGINS and those that the settings imply.

    In development every page of this machine is allowed, on whatever port its server runs. With
    `own_ports`, so are our own pages under each name of this machine: the one in the request's
    Host, when HOST is a wildcard.
    """

    def __init__(
        self, settings: Settings, *, own: Collection[str] = (), own_ports: Collection[int] = ()
    ):
        self._listed = frozenset(own) | frozenset(settings.allowed_origins)
        self._loopback = settings.laurel_env == "development"
        self._own_ports = frozenset(own_ports) if settings.host in _WILDCARD_HOSTS else frozenset()

    def __bool__(self) -> bool:
        """Whether any origin may be allowed."""
        return bool(self._listed or self._loopback or self._own_ports)

    def allows(self, origin: str, *, host: str = "") -> bool:
        """Return whether a page of this origin is allowed; `host` is the request's Host header."""
        if len(origin) > MAX_ORIGIN_CHARS:
            return False
        if origin in self._listed or "*" in self._listed:
            return True
        name, port = _split(origin)
        if not name:
            return False
        if self._loopback and _is_loopback(name):
            return True
        return port in self._own_ports and name == _split(f"http://{host}")[0]


def _split(origin: str) -> tuple[str, int]:
    """Return host and port of an HTTP origin; an empty name when it is none."""
    try:
        parts = urlsplit(origin)
        port = parts.port or (443 if parts.scheme == "https" else 80)
    except ValueError:
        return "", 0
    is_origin = parts.scheme in ("http", "https") and not (
        parts.path or parts.query or parts.fragment
    )
    return (parts.hostname or "" if is_origin and "@" not in parts.netloc else ""), port


def _is_loopback(name: str) -> bool:
    if name == "localhost" or name.endswith(".localhost"):
        return True
    try:
        return ip_address(name).is_loopback
    except ValueError:
        return False
