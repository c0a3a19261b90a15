"""The clients that this process knows: rows that never change, read once."""

import threading
from collections import OrderedDict
from collections.abc import Iterable

from domain.fraud.candidate import Client
from domain.store.postgres.clients.numbers import list_clients
from domain.store.store import Connection

MAX_KNOWN = 50_000


class KnownClients:
    """Keeps the clients that were asked for last; thread-safe."""

    def __init__(self, *, limit: int = MAX_KNOWN):
        self._limit = limit
        self._lock = threading.Lock()
        self._known: OrderedDict[int, Client] = OrderedDict()

    def find(self, connection: Connection, numbers: Iterable[int]) -> dict[int, Client]:
        """Return the clients of these numbers; those that are not known yet are read at once.

        A number without a row is left out. Nothing is read when all are known.
        """
        wanted = set(numbers)
        with self._lock:
            found = {number: self._known[number] for number in wanted if number in self._known}
            for number in found:
                self._known.move_to_end(number)
        missing = wanted - found.keys()
        if missing:
            read = {
                client.client_no: client
                for client in list_clients(connection, numbers=sorted(missing))
            }
            found |= read
            self._remember(read)
        return found

    def _remember(self, clients: dict[int, Client]) -> None:
        with self._lock:
            self._known.update(clients)
            while len(self._known) > self._limit:
                self._known.popitem(last=False)
