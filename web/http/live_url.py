"""The addresses of the live process: sent with every ticket, and in the pages' policy."""

import re
from urllib.parse import urlsplit

from domain.settings import Settings

_HOST_NAME = re.compile(r"[A-Za-z0-9.:_-]{1,255}", re.ASCII)


def live_url(settings: Settings, host: str) -> str:
    """Return the WebSocket address for a client that reached us under this Host header.

    LIVE_URL when it is set; else the same name with LIVE_PORT, so that the page works under every
    name of this machine.
    """
    if settings.live_url:
        return settings.live_url
    name = read_host_name(host) or settings.host
    return f"ws://{f'[{name}]' if ':' in name else name}:{settings.live_port}/ws"


def stream_url(settings: Settings, host: str) -> str:
    """Return the address of the event streams, which are served beside the WebSockets."""
    base = live_url(settings, host).removesuffix("/ws")
    return f"http{base.removeprefix('ws')}/api/stream"


def read_host_name(host: str) -> str | None:
    """Return the name in a Host header, or None unless it is valid in an address."""
    try:
        name = urlsplit(f"//{host}").hostname
    except ValueError:
        return None
    return name if name and _HOST_NAME.fullmatch(name) else None
