"""Which client a request comes from: what its headers and its address say, remembered.

A client that the process knows costs one look into memory. Raw headers and addresses are kept
there only, and nowhere else.
"""

import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import Any

from domain.clients.describing import SeenClient, describe_client, is_device_name
from domain.clients.hashing import make_hasher
from domain.clients.locating import Locator
from domain.clients.model import ClientFacts
from domain.settings import Settings
from web.access.addresses import find_address
from web.http.caller import Principal

MAX_KNOWN = 50_000
# Of each header; what is longer counts by its beginning.
MAX_TRAIT_CHARS = 256
TRAITS = (
    "HTTP_USER_AGENT",
    "HTTP_ACCEPT_LANGUAGE",
    "HTTP_SEC_CH_UA",
    "HTTP_SEC_CH_UA_MOBILE",
    "HTTP_SEC_CH_UA_PLATFORM",
    "HTTP_SEC_CH_UA_PLATFORM_VERSION",
    "HTTP_SEC_CH_UA_MODEL",
    "HTTP_SEC_CH_UA_ARCH",
)


class CallerClient:
    """The client of one or more requests; its number is None until a flush has numbered it.

    `numbered_at` is when that was, by the numbering's clock.
    """

    __slots__ = ("facts", "number", "numbered_at")

    def __init__(self, facts: ClientFacts):
        self.facts = facts
        self.number: int | None = None
        self.numbered_at = 0.0


class CallerClients:
    """Finds the clients of requests, and keeps those that came last; thread-safe."""

    def __init__(self, settings: Settings, locator: Locator, *, limit: int = MAX_KNOWN):
        self._hasher = make_hasher(
            client_hash_key=settings.client_hash_key, jwt_secret=settings.jwt_secret
        )
        self._locator = locator
        self._trusted_hops = settings.trusted_proxy_hops
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[SeenClient, CallerClient] = OrderedDict()

    def find(self, environ: Mapping[str, Any], principal: Principal) -> CallerClient | None:
        """Return the client of this request; None for a game server, which is nobody's device."""
        if principal.is_service or principal.is_api_key:
            return None
        seen = self._see(environ)
        with self._lock:
            known = self._known.get(seen)
            if known is not None:
                self._known.move_to_end(seen)
                return known
        facts = describe_client(seen, hasher=self._hasher, locator=self._locator)
        with self._lock:
            known = self._known.setdefault(seen, CallerClient(facts))
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
        return known

    def _see(self, environ: Mapping[str, Any]) -> SeenClient:
        sent = environ.get
        name = sent("HTTP_X_CLIENT_FINGERPRINT", "")
        # A device that has a name has it with whatever browser and language.
        is_named = is_device_name(name)
        hops = self._trusted_hops
        address = find_address(environ, trusted_hops=hops)
        return SeenClient(
            () if is_named else tuple([sent(trait, "")[:MAX_TRAIT_CHARS] for trait in TRAITS]),
            name if is_named else "",
            address,
            # Who is not behind a proxy can send what they like.
            sent("HTTP_CF_IPCOUNTRY") if hops else None,
            # Trusted proxies may have told less than they should: then it is one of theirs.
            address == environ.get("REMOTE_ADDR"),
        )
