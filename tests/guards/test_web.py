"""What must hold for every route and every error, also for those that are added later."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from flask import Flask

from domain import errors as domain_errors
from domain.errors import LaurelError, SettingsError
from domain.store.redis import keys
from domain.store.store import connect
from tests.factories import make_settings
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import assert_refused
from web.access.middleware import PUBLIC_ENDPOINTS, UNLIMITED_ENDPOINTS
from web.app import create_app
from web.http import errors as web_errors
from web.http.errors import STATUS_BY_CODE
from web.http.openapi import make_openapi
from web.http.operations import OPERATIONS

ROOT = Path(__file__).parent.parent.parent
API_DOCS = ROOT / "docs" / "api.md"
UUID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture(scope="module")
def lone_app() -> Flask:
    """The API without stores: what is refused at the gate needs none."""
    settings = make_settings()
    return create_app(settings, connect(settings), RecordingBatcher())


def list_calls(app: Flask) -> Iterator[tuple[str, str, str]]:
    """Yield endpoint, method and path of everything that can be called."""
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", UUID, rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            yield rule.endpoint, method, path


def list_codes() -> set[str]:
    """Return the code of every error that a client can meet."""
    kinds = [LaurelError]
    for module in (domain_errors, web_errors):
        kinds += [
            kind
            for kind in vars(module).values()
            if isinstance(kind, type) and issubclass(kind, LaurelError)
        ]
    return {kind.code for kind in kinds if kind is not SettingsError}


def test_every_route_that_is_not_listed_denies_without_a_token(lone_app: Flask) -> None:
    client = lone_app.test_client()
    denied = [
        (endpoint, method, path)
        for endpoint, method, path in list_calls(lone_app)
        if endpoint not in PUBLIC_ENDPOINTS
    ]
    assert denied
    for _, method, path in denied:
        answer = client.open(path, method=method)
        assert answer.status_code == 401, path
        if method != "HEAD":
            assert_refused(answer, 401, "UNAUTHORIZED")


def test_the_public_and_the_unlimited_list_name_real_endpoints(lone_app: Flask) -> None:
    assert lone_app.view_functions.keys() >= PUBLIC_ENDPOINTS
    assert PUBLIC_ENDPOINTS >= UNLIMITED_ENDPOINTS


def test_every_error_code_has_a_status_and_none_is_left_over() -> None:
    assert list_codes() == set(STATUS_BY_CODE)


@pytest.mark.parametrize("code", sorted(STATUS_BY_CODE))
def test_every_error_code_is_explained_with_its_status(code: str) -> None:
    assert re.search(rf"^\| {STATUS_BY_CODE[code]} \| `{code}` \| \S", API_DOCS.read_text(), re.M)


def test_every_route_is_in_the_openapi_document(lone_app: Flask) -> None:
    assert lone_app.view_functions.keys() == OPERATIONS.keys()
    described = {
        operation["operationId"]
        for path in make_openapi(lone_app)["paths"].values()
        for operation in path.values()
    }
    assert described == OPERATIONS.keys()


def test_every_route_is_in_the_written_contract(lone_app: Flask) -> None:
    text = API_DOCS.read_text()
    for rule in lone_app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?(\w+?)_(\w)(\w*)>", r"{\1#\2\3}", rule.rule)
        path = re.sub(r"#(\w)", lambda match: match[1].upper(), path).replace("<name>", "{name}")
        assert path in text, path


def test_every_view_says_what_it_does(lone_app: Flask) -> None:
    for endpoint, view in lone_app.view_functions.items():
        assert view.__doc__, endpoint


def test_no_redis_key_is_written_outside_its_module() -> None:
    prefix = re.compile(r"""["']laurel:""")
    for package in ("domain", "web", "workers"):
        for path in (ROOT / package).rglob("*.py"):
            if path.name != "keys.py":
                assert not prefix.search(path.read_text()), path
    for path in (ROOT / "domain/store/redis/scripts").glob("*.lua"):
        assert "laurel:" not in path.read_text(), path


def test_every_function_of_the_keys_makes_a_key_with_the_prefix() -> None:
    assert keys.rate_limit("x").startswith(keys.PREFIX)
    assert keys.revocation_channel().startswith(keys.PREFIX)
