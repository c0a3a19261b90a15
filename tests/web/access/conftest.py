"""An identity provider, and a verifier that accepts its tokens."""

from collections.abc import Iterator
from dataclasses import replace

import pytest

from domain.settings import Settings
from domain.store.store import Store
from tests.web.access.key_server import KEYS, KeyServer, write_set
from web.access.key_set import KeySet
from web.access.verifier import TokenVerifier


@pytest.fixture
def provider() -> Iterator[KeyServer]:
    """The server of a provider with a key of each kind."""
    with KeyServer(write_set(*KEYS.values())) as server:
        yield server


@pytest.fixture
def moment() -> list[float]:
    """The clock of `verifier`: its key set reads again as the tests say."""
    return [1000.0]


@pytest.fixture
def verifier(
    settings: Settings, store: Store, provider: KeyServer, moment: list[float]
) -> TokenVerifier:
    """A verifier that accepts tokens of that provider; no thread reads its keys again."""
    verifier = TokenVerifier(replace(settings, jwt_jwks=provider.url), store)
    verifier.codec.key_set = KeySet(provider.url, lambda: moment[0])
    return verifier
