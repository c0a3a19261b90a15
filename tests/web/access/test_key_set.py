"""The key set of an identity provider: what it may hold, how it rotates, and when it is away."""

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any
from uuid import UUID, uuid4

import pytest

from domain.errors import InvalidTokenError, OverloadedError, TransientError
from domain.settings import Settings
from domain.store.store import Store
from tests.waiting import wait_until
from tests.web.access.key_server import (
    KEYS,
    STRANGER,
    Key,
    KeyServer,
    make_private_key,
    resigned,
    write_set,
)
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import COMPLETE, assert_refused, make_body
from web.access.jwks import MAX_BYTES, KeySetError, load_key_set, parse_key_set
from web.access.key_set import MAX_WAITING, KeySet
from web.access.tokens import TokenCodec
from web.access.verifier import TokenVerifier
from web.app import create_app
from web.server.greenlets import GreenletRunner
from web.services import EXTENSION


def test_a_token_without_a_kid_needs_a_set_with_one_key_for_it(
    verifier: TokenVerifier, provider: KeyServer, moment: list[float]
) -> None:
    nameless = Key("ES256", None, KEYS["ES256"].private)
    assert verifier.verify(nameless.sign())
    provider.body = write_set(KEYS["ES256"], Key("ES256", "second"))
    moment[0] += 301
    assert verifier.codec.key_set is not None
    verifier.codec.key_set.step()
    with pytest.raises(InvalidTokenError):
        verifier.verify(nameless.sign())
    assert verifier.verify(KEYS["ES256"].sign())


def test_a_new_key_is_fetched_when_a_token_names_it_at_most_every_ten_seconds(
    verifier: TokenVerifier, provider: KeyServer, moment: list[float]
) -> None:
    old, new = KEYS["RS256"], Key("RS256", "new")
    assert verifier.verify(old.sign())
    provider.body = write_set(*KEYS.values(), new)
    moment[0] += 9.9
    for _ in range(20):
        with pytest.raises(InvalidTokenError):
            verifier.verify(new.sign())
    assert provider.asked == 1
    moment[0] += 0.2
    assert verifier.verify(new.sign())
    assert verifier.verify(old.sign())
    assert provider.asked == 2


def test_many_tokens_with_a_new_key_share_one_fetch(
    verifier: TokenVerifier, provider: KeyServer
) -> None:
    provider.delay_seconds = 0.2
    tokens = [KEYS["EdDSA"].sign() for _ in range(MAX_WAITING)]
    with ThreadPoolExecutor(MAX_WAITING) as threads:
        assert len(list(threads.map(verifier.verify, tokens))) == MAX_WAITING
    assert provider.asked == 1


def test_made_up_keys_cannot_take_all_threads(
    verifier: TokenVerifier, provider: KeyServer, moment: list[float]
) -> None:
    assert verifier.verify(KEYS["EdDSA"].sign())
    moment[0] += 11
    provider.gate.clear()

    def refusal(number: int) -> type[Exception]:
        with pytest.raises((InvalidTokenError, OverloadedError)) as caught:
            verifier.verify(resigned({"kid": f"made-up-{number}"}))
        return caught.type

    with ThreadPoolExecutor(40) as threads:
        asking = [threads.submit(refusal, number) for number in range(40)]
        wait_until(lambda: sum(one.done() for one in asking) == 40 - MAX_WAITING)
        assert verifier.verify(KEYS["EdDSA"].sign()), "keys that are known need no provider"
        provider.gate.set()
    refused = [one.result() for one in asking]
    assert refused.count(OverloadedError) == 40 - MAX_WAITING
    assert provider.asked == 2


def test_a_key_that_is_taken_away_ends_its_tokens_and_no_others(
    verifier: TokenVerifier, provider: KeyServer, moment: list[float]
) -> None:
    gone, kept = KEYS["RS256"].sign(), KEYS["ES256"].sign()
    assert verifier.verify(gone)
    assert verifier.verify(kept)
    replaced = Key("RS256", KEYS["RS256"].key_id)
    provider.body = write_set(KEYS["ES256"], replaced)
    moment[0] += 301
    assert verifier.codec.key_set is not None
    verifier.codec.key_set.step()
    with pytest.raises(InvalidTokenError):
        verifier.verify(gone)
    assert verifier.verify(kept)
    assert verifier.verify(replaced.sign())


@pytest.mark.parametrize(
    "spoil",
    [
        lambda server: setattr(server, "status", 500),
        lambda server: setattr(server, "body", b"<html>"),
        lambda server: setattr(server, "body", b'{"keys": 5}'),
        lambda server: setattr(server, "body", b" " * (MAX_BYTES + 1)),
        KeyServer.stop,
    ],
    ids=["500", "no JSON", "no list", "too big", "down"],
)
def test_while_the_set_cannot_be_read_its_last_keys_stay(
    verifier: TokenVerifier,
    provider: KeyServer,
    moment: list[float],
    spoil: Callable[[KeyServer], None],
) -> None:
    assert verifier.verify(KEYS["RS256"].sign())
    spoil(provider)
    moment[0] += 3600
    key_set = verifier.codec.key_set
    assert key_set is not None
    with pytest.raises(TransientError):
        key_set.step()
    assert verifier.verify(KEYS["RS256"].sign())
    moment[0] += 3600
    with pytest.raises(InvalidTokenError):
        verifier.verify(resigned({"kid": "new"}))
    assert key_set.age_seconds == 7200


def test_before_the_set_was_read_its_tokens_are_not_refused_for_good(
    settings: Settings, store: Store, batcher: RecordingBatcher, tmp_path: Path
) -> None:
    file = tmp_path / "keys.json"
    app = create_app(replace(settings, jwt_jwks=str(file)), store, batcher)
    client, moment = app.test_client(), [1000.0]
    app.extensions[EXTENSION].verifier.codec.key_set = KeySet(str(file), lambda: moment[0])

    def post(token: str) -> Any:
        headers = {"Authorization": f"Bearer {token}"}
        return client.post(COMPLETE, json=make_body(), headers=headers)

    token = KEYS["EdDSA"].sign()
    refused = post(token)
    assert_refused(refused, 503, "SERVICE_UNAVAILABLE")
    assert refused.headers["Retry-After"]
    own = TokenCodec(settings).issue(user_id=uuid4(), username=None)
    assert post(own).status_code == 200
    file.write_bytes(write_set(*KEYS.values()))
    moment[0] += 10
    assert post(token).status_code == 200


def test_the_thread_reads_a_file_that_changed(tmp_path: Path) -> None:
    file, moment = tmp_path / "keys.json", [1000.0]
    file.write_bytes(write_set(KEYS["RS256"]))
    key_set = KeySet(str(file), lambda: moment[0])
    key_set.step()
    file.write_bytes(write_set(KEYS["ES256"]))
    moment[0] += 10
    key_set.step()
    assert key_set.find("ES256", "key-ES256")
    with pytest.raises(InvalidTokenError):
        key_set.find("RS256", "key-RS256")


def test_a_redirect_is_not_followed(provider: KeyServer) -> None:
    with KeyServer(write_set(STRANGER)) as evil:
        provider.status, provider.location = 302, evil.url
        with pytest.raises(KeySetError):
            load_key_set(provider.url)
        assert evil.asked == 0


BAD_ENTRIES: dict[str, Callable[[], Any]] = {
    "a number": lambda: 5,
    "nothing": dict,
    "kind alone": lambda: {"kty": "RSA"},
    "kind a list": lambda: {"kty": ["RSA"]},
    "no point of the curve": lambda: {"kty": "EC", "crv": "P-256", "x": "AA", "y": "AA"},
    "symmetric": lambda: {"kty": "oct", "k": "AAAA"},
    "for encryption": lambda: KEYS["RS256"].entry(use="enc"),
    "for another operation": lambda: KEYS["RS256"].entry(key_ops=["encrypt"]),
    "operations a number": lambda: KEYS["RS256"].entry(key_ops=5),
    "for RS512": lambda: KEYS["RS256"].entry(alg="RS512"),
    "for HS256": lambda: KEYS["RS256"].entry(alg="HS256"),
    "kid a number": lambda: KEYS["RS256"].entry(kid=7),
    "exponent 1": lambda: KEYS["RS256"].entry(e="AQ"),
    "private": lambda: KEYS["RS256"].entry(d="AQAB"),
    "another curve": lambda: KEYS["ES256"].entry(crv="P-384"),
    "a key of X25519": lambda: KEYS["EdDSA"].entry(crv="X25519"),
    "1024 bits": lambda: Key("RS256", "k", make_private_key("RS256", rsa_bits=1024)).entry(),
}


@pytest.mark.parametrize("make", BAD_ENTRIES.values(), ids=BAD_ENTRIES.keys())
def test_an_entry_that_is_no_key_of_ours_is_left_out_and_the_others_count(
    make: Callable[[], Any],
) -> None:
    keys = parse_key_set(write_set(make(), KEYS["EdDSA"]))
    assert [key.key_id for key in keys] == ["key-EdDSA"]


def test_of_two_keys_with_one_id_the_first_counts() -> None:
    keys = parse_key_set(write_set(KEYS["RS256"], STRANGER))
    assert [key.key.public_numbers() for key in keys] == [  # type: ignore[union-attr]
        KEYS["RS256"].private.public_key().public_numbers()
    ]


def test_fetching_keys_does_not_block_the_event_loop(
    verifier: TokenVerifier, provider: KeyServer
) -> None:
    provider.delay_seconds = 0.3
    token = KEYS["RS256"].sign(sub=str(UUID(int=5)))

    async def count_turns() -> int:
        runner = GreenletRunner(asyncio.get_running_loop())
        verifying = asyncio.create_task(runner.run(lambda: verifier.verify(token)))
        turns = 0
        while not verifying.done():
            await asyncio.sleep(0.001)
            turns += 1
        assert (await verifying).user_id == UUID(int=5)
        runner.close()
        return turns

    # A loop that waits for the provider turns once or twice.
    assert asyncio.run(count_turns()) > 10
