"""Clients for tests: facts of a device at an address, different from each other by default."""

from typing import Any
from uuid import uuid4

from domain.clients.model import ClientFacts, Place


def make_facts(**overrides: Any) -> ClientFacts:
    """Return the facts of a new client in Berlin."""
    values: dict[str, Any] = {
        "device": uuid4(),
        "address": uuid4(),
        "names_device": False,
        "place": Place("DE", 52.5, 13.25),
    }
    return ClientFacts(**{**values, **overrides})
