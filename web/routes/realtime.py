"""Access to live events: a ticket for a WebSocket, what is said there, and errors on this port."""

from datetime import UTC, datetime
from functools import lru_cache

from flask import Response, request

from domain.accounts.tickets import TICKET_LIFETIME_SECONDS, TicketHolder, issue_ticket
from domain.errors import OriginNotAllowedError
from web.http.errors import MisdirectedRequestError, UpgradeRequiredError
from web.http.live_url import live_url, stream_url
from web.http.origins import MAX_ORIGIN_CHARS
from web.http.request_context import principal
from web.http.responses import JSON_TYPE, dump_json, json_response
from web.live.description.document import make_asyncapi
from web.services import services


def ticket() -> Response:
    """Issue a ticket with which a page of this origin may open one WebSocket within 30 seconds."""
    holder = principal()
    origin = request.environ.get("HTTP_ORIGIN")
    if origin is not None and len(origin) > MAX_ORIGIN_CHARS:
        raise OriginNotAllowedError
    value = issue_ticket(
        services().store,
        holder=TicketHolder(holder.user_id, holder.session_id, holder.issued_at, holder.expires_at),
        origin=origin,
        now=datetime.now(UTC),
    )
    return json_response(
        {
            "ticket": value,
            "expiresIn": TICKET_LIFETIME_SECONDS,
            "url": live_url(services().settings, request.host),
        },
        201,
    )


def upgrade() -> Response:
    """Refuse a WebSocket: they are served on another port."""
    raise UpgradeRequiredError


def stream() -> Response:
    """Refuse an event stream: they are served on another port.

    Not redirected: a client would leave its token behind on the way to another origin.
    """
    url = stream_url(services().settings, request.host)
    raise MisdirectedRequestError(f"Event streams are served at {url}", details={"url": url})


def asyncapi() -> Response:
    """Return the AsyncAPI 3.0 document of the WebSocket and the event stream."""
    body = _dump_asyncapi(live_url(services().settings, request.host))
    return Response(body, content_type=JSON_TYPE)


# Clients may send any Host: only a few documents are kept.
@lru_cache(maxsize=8)
def _dump_asyncapi(url: str) -> bytes:
    return dump_json(make_asyncapi(url))
