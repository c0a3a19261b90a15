"""Clients of requests: the same for the same headers and address, and never in an action's way."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from sqlalchemy import event, text
from structlog.testing import capture_logs

from domain.boards.model import GLOBAL_BOARD
from domain.clients.locating import Locator
from domain.clients.model import UNKNOWN_ADDRESS, ClientFacts, Place
from domain.settings import Settings
from domain.store.store import Store
from tests.factories import make_settings
from tests.intakes import fetch
from tests.pipeline import finish_batch
from tests.unit.clients.places import BERLIN, write_places
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import AT_ONCE, BATCH, COMPLETE, Headers, make_body
from tests.web.intake.batch_service import count_actions
from web.access.tokens import TokenCodec
from web.app import create_app
from web.http.caller import ROLE_SERVICE
from web.intake.batcher import Batcher
from web.intake.clients import CallerClient, CallerClients
from web.intake.numbering import AGAIN_SECONDS, PAUSE_SECONDS, ClientNumbering
from workers.context import WorkerContext

PROXIED = {"trusted_proxy_hops": 1}
BROWSER = {"User-Agent": "Browser/1.0", "Accept-Language": "de"}
Bearer = Callable[..., Headers]


def see(
    settings: Settings | None = None, *, locator: Locator | None = None, **headers: str
) -> ClientFacts | None:
    """Return the facts of a player's request with these headers, behind a proxy by default."""
    settings = settings or make_settings(**PROXIED)
    return find(CallerClients(settings, locator or Locator()), settings, **headers)


def find(clients: CallerClients, settings: Settings, **headers: str) -> ClientFacts | None:
    found = find_client(clients, settings, **headers)
    return None if found is None else found.facts


def find_client(clients: CallerClients, settings: Settings, **headers: str) -> CallerClient | None:
    codec = TokenCodec(settings)
    roles = headers.pop("roles", "player").split()
    holder = codec.decode(codec.issue(user_id=uuid4(), username=None, roles=roles))
    environ = {"REMOTE_ADDR": headers.pop("remote", "198.51.100.1"), **BROWSER_ENVIRON}
    environ |= {f"HTTP_{name.upper()}": value for name, value in headers.items()}
    return clients.find(environ, holder)


BROWSER_ENVIRON = {"HTTP_USER_AGENT": "Browser/1.0", "HTTP_ACCEPT_LANGUAGE": "de"}


@pytest.mark.parametrize(
    "header",
    ["user_agent", "accept_language", "sec_ch_ua", "sec_ch_ua_mobile", "sec_ch_ua_platform"],
)
def test_each_header_of_a_device_makes_another_one_of_it(header: str) -> None:
    first, other = see(), see(**{header: "?1"})
    assert first is not None
    assert other is not None
    assert first.device != other.device
    assert first.address == other.address
    assert see() == first


def test_a_fingerprint_is_the_device_and_one_that_is_no_name_is_ignored() -> None:
    named = see(x_client_fingerprint="device-17")
    assert named is not None
    assert named.names_device
    assert see(x_client_fingerprint="device-17", user_agent="Other") == named
    assert see(x_client_fingerprint="x" * 129) == see(x_client_fingerprint="\x01") == see()


def test_only_the_beginning_of_a_long_header_counts() -> None:
    assert see(user_agent="x" * 256) == see(user_agent="x" * 5000) != see(user_agent="x" * 255)


def test_a_64_is_one_address_and_what_the_proxy_says_counts() -> None:
    seen = [see(x_forwarded_for=f"2001:db8:1:2::{host}") for host in (1, 2)]
    assert seen[0] == seen[1] != see(x_forwarded_for="2001:db8:1:3::1")
    assert see(x_forwarded_for="::ffff:203.0.113.7") == see(x_forwarded_for="203.0.113.7")
    assert see(x_forwarded_for="nonsense") == see()


def test_without_a_trusted_proxy_neither_address_nor_country_are_believed() -> None:
    alone = make_settings()
    told = see(alone, x_forwarded_for="203.0.113.7", cf_ipcountry="FR")
    assert told == see(alone) != see(x_forwarded_for="203.0.113.7")
    assert told is not None
    assert told.place == Place()
    proxied = see(cf_ipcountry="FR")
    assert proxied is not None
    assert proxied.place == Place("FR")


def test_a_local_peer_has_an_unknown_address_unless_a_proxy_has_told_it() -> None:
    alone = make_settings()
    environ = {"REMOTE_ADDR": "10.0.0.1"}
    codec = TokenCodec(alone)
    holder = codec.decode(codec.issue(user_id=uuid4(), username=None))
    peer = CallerClients(alone, Locator()).find(environ, holder)
    assert peer is not None
    assert peer.facts.address == UNKNOWN_ADDRESS
    told = see(x_forwarded_for="10.0.0.1")
    assert told is not None
    assert told.address != UNKNOWN_ADDRESS


def test_a_trusted_proxy_that_tells_nothing_is_nobody_s_address() -> None:
    silent = see(remote="10.0.0.1")
    assert silent is not None
    assert silent.address == UNKNOWN_ADDRESS


def test_game_servers_have_no_client() -> None:
    assert see(roles=ROLE_SERVICE) is None


def test_the_clients_that_came_last_are_kept() -> None:
    settings = make_settings()
    clients = CallerClients(settings, Locator(), limit=2)
    first = find_client(clients, settings, user_agent="1")
    second = find_client(clients, settings, user_agent="2")
    assert find_client(clients, settings, user_agent="1") is first
    find_client(clients, settings, user_agent="3")
    assert find_client(clients, settings, user_agent="1") is first
    assert find_client(clients, settings, user_agent="2") is not second


@pytest.fixture
def places(tmp_path: Path) -> str:
    """The path of an MMDB file."""
    return str(write_places(tmp_path, {"203.0.113.0/24": BERLIN}))


@pytest.fixture
def located(settings: Settings, places: str) -> Settings:
    """Settings with an MMDB file, behind a proxy."""
    return make_settings(
        **{name: getattr(settings, name) for name in ("database_url", "redis_url", "laurel_home")},
        **PROXIED,
        geoip_db=places,
    )


@pytest.fixture
def taking(located: Settings, store: Store) -> Iterator[FlaskClient]:
    """A client whose actions are really taken in."""
    batcher = Batcher(located, store, lambda _batch_id: None, board=GLOBAL_BOARD)
    batcher.start()
    yield create_app(located, store, batcher).test_client()
    batcher.stop()


def post(client: FlaskClient, path: str, headers: Headers, **more: Any) -> None:
    body = {"actions": [make_body() for _ in range(3)]} if path == BATCH else make_body()
    answer = client.post(path, json=body, headers={**AT_ONCE, **BROWSER, **headers, **more})
    assert answer.status_code in (200, 202), answer.get_json()


def test_single_actions_and_batches_have_the_same_client(
    taking: FlaskClient, bearer: Bearer, store: Store
) -> None:
    player = bearer() | {"X-Forwarded-For": "203.0.113.7"}
    post(taking, COMPLETE, player)
    post(taking, BATCH, player)
    assert fetch(store, "SELECT country, latitude FROM clients") == [("DE", pytest.approx(52.52))]
    (number,) = fetch(store, "SELECT client_no FROM clients")[0]
    arrays = fetch(store, "SELECT client_nos FROM action_batches ORDER BY action_nos")
    assert arrays == [([number],), ([number] * 3,)]


def test_the_client_of_an_action_is_in_its_row_once_it_is_scored(
    taking: FlaskClient, bearer: Bearer, store: Store, worker_context: WorkerContext
) -> None:
    post(taking, COMPLETE, bearer() | {"X-Forwarded-For": "203.0.113.7"})
    finish_batch(worker_context, fetch(store, "SELECT batch_id FROM action_batches")[0][0])
    rows = fetch(store, "SELECT status, country FROM user_actions JOIN clients USING (client_no)")
    assert rows == [("applied", "DE")]


def test_game_servers_actions_have_no_client(
    taking: FlaskClient, bearer: Bearer, store: Store
) -> None:
    post(taking, BATCH, bearer(roles=[ROLE_SERVICE]))
    assert fetch(store, "SELECT client_nos FROM action_batches") == [(None,)]
    assert fetch(store, "SELECT count(*) FROM clients") == [(0,)]


def test_a_known_client_costs_no_statement(
    taking: FlaskClient, bearer: Bearer, store: Store
) -> None:
    player = bearer()
    post(taking, COMPLETE, player)
    statements: list[str] = []

    def note(*seen: Any) -> None:
        statements.append(seen[2])

    event.listen(store.intake_engine, "before_cursor_execute", note)
    try:
        post(taking, BATCH, player)
        known = len(statements)
        post(taking, BATCH, player, **{"User-Agent": "New"})
    finally:
        event.remove(store.intake_engine, "before_cursor_execute", note)
    assert not [said for said in statements[:known] if "clients" in said]
    # The lock and the batch; of a new client also its time limit and its row.
    assert (known, len(statements)) == (2, 6)


def test_neither_addresses_nor_headers_are_stored_or_logged(
    taking: FlaskClient, bearer: Bearer, store: Store
) -> None:
    shown = {"User-Agent": "Canary/1.0", "X-Client-Fingerprint": "canary-device"}
    with capture_logs() as logs:
        post(taking, COMPLETE, bearer() | {"X-Forwarded-For": "203.0.113.77"}, **shown)
        post(taking, COMPLETE, bearer() | {"X-Forwarded-For": "203.0.113.77", **BROWSER})
    stored = str(fetch(store, "SELECT clients FROM clients")) + str(
        fetch(store, "SELECT action_batches FROM action_batches")
    )
    for canary in ("203.0.113.77", "anary"):
        assert canary not in stored
        assert canary not in str(logs)


def test_actions_go_on_without_client_while_numbering_fails(store: Store) -> None:
    now = 0.0
    numbering = ClientNumbering(store, clock=lambda: now)
    client = find_client(CallerClients(make_settings(), Locator()), make_settings())
    assert client is not None
    with capture_logs() as logs, store.write() as connection:
        connection.execute(text("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE"))
        numbering.number([client, None])
        # Not tried again for a while: the second one costs no waiting.
        numbering.number([client])
    assert [log["event"] for log in logs] == ["actions go on without clients"]
    numbering.number([client])
    assert client.number is None
    now += PAUSE_SECONDS
    numbering.number([client])
    assert client.number is not None


def test_a_number_is_asked_for_again_each_day_and_kept_while_that_fails(store: Store) -> None:
    now = 0.0
    numbering = ClientNumbering(store, clock=lambda: now)
    client = find_client(CallerClients(make_settings(), Locator()), make_settings())
    assert client is not None
    numbering.number([client])
    first = client.number
    with store.write() as connection:
        connection.execute(text("DELETE FROM clients"))
    now += AGAIN_SECONDS - 1
    numbering.number([client])
    assert client.number == first
    now += 1
    with store.write() as connection:
        connection.execute(text("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE"))
        numbering.number([client])
    assert client.number == first
    now += PAUSE_SECONDS
    numbering.number([client])
    assert fetch(store, "SELECT client_no FROM clients") == [(client.number,)]
    assert client.number != first


def test_an_action_is_taken_in_while_the_table_of_clients_is_locked(
    taking: FlaskClient, bearer: Bearer, store: Store
) -> None:
    with store.write() as connection:
        connection.execute(text("LOCK TABLE clients IN ACCESS EXCLUSIVE MODE"))
        post(taking, COMPLETE, bearer())
    assert count_actions(store) == 1
    assert fetch(store, "SELECT client_nos FROM action_batches") == [(None,)]


def test_a_file_of_places_that_is_broken_is_shown_by_health_and_harms_nothing(
    located: Settings, store: Store, bearer: Bearer, places: str
) -> None:
    Path(places).write_bytes(Path(places).read_bytes()[:100])
    batcher = RecordingBatcher()
    with capture_logs() as logs:
        client = create_app(located, store, batcher).test_client()
    assert [log["event"] for log in logs] == ["places of addresses are unknown"]
    post(client, COMPLETE, bearer() | {"X-Forwarded-For": "203.0.113.7"})
    assert batcher.clients[0] is not None
    assert batcher.clients[0].facts.place == Place()
    part = client.get("/health").get_json()["parts"]["geolocation"]
    # A start waits for all parts to be well, and must go on.
    assert (part["ok"], part["hasFile"]) == (True, False)
    assert part["warning"].startswith("GEOIP_DB is no MMDB file")
    assert places not in str(part)


def test_health_shows_a_file_of_places_and_none(
    app: Flask, located: Settings, store: Store
) -> None:
    found = create_app(located, store, RecordingBatcher()).test_client().get("/health")
    part = found.get_json()["parts"]["geolocation"]
    assert (part["ok"], part["hasFile"], part["failures"]) == (True, True, 0)
    none = app.test_client().get("/health").get_json()["parts"]["geolocation"]
    assert (none["ok"], none["hasFile"]) == (True, False)
