"""Which pages may call the API and open sockets, by where they come from."""

from dataclasses import replace

import pytest
from flask.testing import FlaskClient

from domain.errors import OriginNotAllowedError
from domain.settings import Settings
from domain.store.store import Store
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import assert_refused
from web.app import create_app
from web.http.origins import AllowedOrigins
from web.live.connection.handshake import check_origin, list_allowed_origins

LOOPBACK = (
    "http://localhost:5173",
    "http://127.0.0.1:3000",
    "http://127.0.0.1",
    "https://localhost:8443",
    "http://[::1]:3000",
    "http://app.localhost:3000",
)
OTHER = (
    "null",
    "",
    "http://localhost.evil.tld",
    "http://127.0.0.1.evil.tld:3000",
    "http://evil.tld",
    "http://localhost@evil.tld",
    "http://evil.tld/localhost",
    "file://localhost",
    "http://[::1",
    "http://localhost:99999",
    "http://" + "a" * 300,
)


@pytest.mark.parametrize("origin", LOOPBACK)
def test_in_development_a_page_of_this_machine_may_call_and_read(
    settings: Settings, store: Store, batcher: RecordingBatcher, origin: str
) -> None:
    for env, allowed in (("development", origin), ("production", None)):
        app = create_app(replace(settings, laurel_env=env), store, batcher)
        answer = app.test_client().get("/health/live", headers={"Origin": origin})
        assert answer.headers.get("Access-Control-Allow-Origin") == allowed
        assert ("Vary" in answer.headers) == (env == "development")


@pytest.mark.parametrize("origin", OTHER)
def test_no_other_page_is_allowed_in_development(settings: Settings, origin: str) -> None:
    assert not AllowedOrigins(replace(settings, laurel_env="development")).allows(origin)


def test_a_socket_is_opened_by_every_page_of_this_machine_in_development(
    settings: Settings,
) -> None:
    allowed = list_allowed_origins(replace(settings, laurel_env="development"))
    for origin in LOOPBACK:
        check_origin(origin, allowed)
    for origin in OTHER:
        with pytest.raises(OriginNotAllowedError):
            check_origin(origin, allowed)


@pytest.mark.parametrize("host", ["0.0.0.0", "::"])
def test_with_a_wildcard_our_page_opens_sockets_under_every_name_of_the_machine(
    settings: Settings, host: str
) -> None:
    allowed = list_allowed_origins(replace(settings, host=host, laurel_env="production"))
    for name in ("192.168.1.5", "game.example", "[2001:db8::1]"):
        check_origin(f"http://{name}:{settings.port}", allowed, host=f"{name}:8001")
        check_origin(f"http://{name}:{settings.live_port}", allowed, host=f"{name}:8001")
        for origin in (f"http://{name}:3000", f"http://evil.tld:{settings.port}", "null"):
            with pytest.raises(OriginNotAllowedError):
                check_origin(origin, allowed, host=f"{name}:8001")
    one_address = list_allowed_origins(replace(settings, host="192.168.1.5"))
    with pytest.raises(OriginNotAllowedError):
        check_origin(f"http://game.example:{settings.port}", one_address, host="game.example")


@pytest.mark.parametrize("length", [256, 4000])
def test_a_ticket_for_an_origin_that_is_too_long_is_refused(
    client: FlaskClient, bearer: object, length: int
) -> None:
    headers = {**bearer(), "Origin": "http://" + "a" * (length - 7)}  # type: ignore[operator]
    answer = client.post("/api/realtime/ticket", headers=headers)
    assert_refused(answer, 403, "ORIGIN_NOT_ALLOWED")
    headers["Origin"] = headers["Origin"][:255]
    assert client.post("/api/realtime/ticket", headers=headers).status_code == 201
