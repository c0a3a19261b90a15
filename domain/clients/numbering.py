"""Numbering: new clients become rows, all of one flush in one statement.

Called by `web/intake/clients.py` before the flush that needs the numbers.
"""

from collections.abc import Sequence

from domain.clients.model import ClientFacts
from domain.store.postgres.clients.numbers import ensure_clients, wait_briefly
from domain.store.store import Store


def number_clients(store: Store, *, clients: Sequence[ClientFacts]) -> dict[ClientFacts, int]:
    """Return the numbers of these clients, without those that could not be numbered in time.

    They are durable: actions may name them. Raises DatabaseUnavailableError, after a fraction of a
    second when somebody else has locked what it needs.
    """
    with store.intake() as connection:
        wait_briefly(connection)
        return ensure_clients(connection, clients=clients)
