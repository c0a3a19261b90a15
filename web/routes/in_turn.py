"""Work that hashes passwords: on threads of its own, in fair turns by address and name."""

from collections.abc import Callable

from flask import Response, request

from web.access.addresses import find_limited_address
from web.http.request_context import principal
from web.server.greenlets import Pool, run_in_thread
from web.services import services

LOOPBACK = "loopback"


def find_caller_address() -> str:
    """Return the address under which this request's attempts are counted."""
    hops = services().settings.trusted_proxy_hops
    return find_limited_address(request.environ, trusted_hops=hops) or LOOPBACK


def run_in_turn(address: str, name: str, work: Callable[[], Response]) -> Response:
    """Do the work on a thread for passwords when it is this caller's turn.

    Raises OverloadedError when the turn does not come in time.
    """
    with services().turns.take(address, name):
        return run_in_thread(work, pool=Pool.PASSWORDS)


def run_as_owner(work: Callable[[], Response]) -> Response:
    """Count an attempt at the current password as a login is counted, and do the work in turn."""
    address, name = find_caller_address(), str(principal().user_id)
    services().limits.hit_login(address, name)
    return run_in_turn(address, name, work)
