"""Numbers for the clients of a flush; without them its actions go on, and none waits for them.

Called by the batcher's flusher, which is one thread.
"""

import time
from collections.abc import Callable, Iterable

import structlog

from domain.clients.numbering import number_clients
from domain.store.store import Store
from web.intake.clients import CallerClient

logger = structlog.get_logger(__name__)

# After a failure: the next flushes do not pay for the same one again.
PAUSE_SECONDS = 5.0
# A client is forgotten when nobody has asked for its number for long: it is asked for again while
# requests come from it.
AGAIN_SECONDS = 86_400.0


class ClientNumbering:
    """Numbers new clients, all of one flush at once. `clock` is monotonic, in seconds."""

    def __init__(self, store: Store, clock: Callable[[], float] = time.monotonic):
        self._store = store
        self._clock = clock
        self._resumes_at = 0.0

    def number(self, clients: Iterable[CallerClient | None]) -> None:
        """Give each client its number, once a day again; it keeps what it has if that fails.

        Never raises.
        """
        now = self._clock()
        oldest = now - AGAIN_SECONDS
        wanted = {
            client
            for client in clients
            if client is not None and (client.number is None or client.numbered_at <= oldest)
        }
        if not wanted or now < self._resumes_at:
            return
        try:
            numbers = number_clients(self._store, clients=[client.facts for client in wanted])
        except Exception as error:  # noqa: BLE001 - no action may be lost for its client's number
            self._resumes_at = self._clock() + PAUSE_SECONDS
            logger.warning("actions go on without clients", error=type(error).__name__)
            return
        for client in wanted:
            client.number, client.numbered_at = numbers.get(client.facts), now
