"""Rules for every endpoint, error and Redis key, those that are added later too."""

import inspect
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, get_args, get_type_hints
from uuid import UUID

import pytest
from flask import Blueprint, Flask

from domain import errors as domain_errors
from domain.errors import LaurelError, SettingsError
from domain.store.redis import keys
from domain.store.store import connect
from tests.factories import make_settings
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import assert_refused
from web.app import create_app
from web.http import errors as web_errors
from web.http.error_words import ERROR_WORDS
from web.http.errors import STATUS_BY_CODE
from web.http.operation import BODY_ERRORS, Operation, RunsOn
from web.routes.describing.openapi import TAGS, make_openapi
from web.routes.table import OPERATIONS
from web.server.flask_app import Api

ROOT = Path(__file__).parent.parent.parent
API_DOCS = ROOT / "docs" / "api.md"
ACTION_ID = "550e8400-e29b-41d4-a716-446655440000"


@pytest.fixture(scope="module")
def lone_app() -> Flask:
    """The API without stores: what the middleware refuses needs none."""
    settings = make_settings()
    return create_app(settings, connect(settings), RecordingBatcher())


def list_calls(app: Flask) -> Iterator[tuple[Operation, str, str]]:
    """Yield the row, method and path of everything that can be called."""
    rows = {row.endpoint: row for row in OPERATIONS}
    for rule in app.url_map.iter_rules():
        path = re.sub(r"<[^>]+>", ACTION_ID, rule.rule)
        for method in (rule.methods or set()) - {"OPTIONS"}:
            yield rows[rule.endpoint], method, path


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


def test_every_endpoint_that_is_not_public_denies_without_a_token(lone_app: Flask) -> None:
    client = lone_app.test_client()
    denied = [(method, path) for row, method, path in list_calls(lone_app) if not row.is_public]
    assert denied
    for method, path in denied:
        answer = client.open(path, method=method)
        assert answer.status_code == 401, path
        if method != "HEAD":
            assert_refused(answer, 401, "UNAUTHORIZED")


def test_a_row_without_further_words_is_denied_counted_and_run_on_a_thread() -> None:
    row = Operation(method="GET", path="/x", view=lambda: None, tag="x", answers={})
    assert (row.is_public, row.is_limited, row.runs_on) == (False, True, RunsOn.THREAD)


def test_an_endpoint_without_a_row_cannot_be_registered(lone_app: Flask) -> None:
    app = Api("bare", OPERATIONS)
    known = OPERATIONS[0]
    for path, endpoint, view in (
        ("/new", None, lambda: "x"),
        ("/new", "actions.new", lambda: "x"),
        ("/new", known.endpoint, known.view),
        (known.path, known.endpoint, lambda: "x"),
    ):
        with pytest.raises(LookupError):
            app.add_url_rule(path, endpoint, view)
    with pytest.raises(LookupError):
        app.get("/new")(lambda: "x")
    blueprint = Blueprint("blue", __name__)
    blueprint.get("/new")(lambda: "x")
    with pytest.raises(LookupError):
        app.register_blueprint(blueprint)
    assert app.view_functions.keys() == lone_app.view_functions.keys()


def test_every_row_is_registered_once_under_its_method_and_path(lone_app: Flask) -> None:
    rules = {rule.endpoint: rule for rule in lone_app.url_map.iter_rules()}
    assert len(rules) == len(OPERATIONS) == len(list(lone_app.url_map.iter_rules()))
    for row in OPERATIONS:
        methods = {row.method, "OPTIONS"} | ({"HEAD"} if row.method == "GET" else set())
        assert (rules[row.endpoint].rule, rules[row.endpoint].methods) == (row.path, methods)
        assert lone_app.view_functions[row.endpoint] is row.view


def test_only_public_endpoints_are_unlimited_and_every_tag_is_explained() -> None:
    assert all(row.is_public for row in OPERATIONS if not row.is_limited)
    assert {row.tag for row in OPERATIONS} == TAGS.keys()


def test_every_row_with_a_body_names_what_a_body_can_be_refused_for() -> None:
    for row in OPERATIONS:
        assert (row.body is not None) == (set(BODY_ERRORS) <= set(row.errors)), row.endpoint
        assert set(row.errors) <= STATUS_BY_CODE.keys(), row.endpoint


def test_every_error_code_has_a_status_and_none_is_left_over() -> None:
    assert list_codes() == set(STATUS_BY_CODE) == ERROR_WORDS.keys()


@pytest.mark.parametrize("code", sorted(STATUS_BY_CODE))
def test_every_error_code_has_its_status_and_the_same_words_in_the_docs(code: str) -> None:
    line = f"| {STATUS_BY_CODE[code]} | `{code}` | {ERROR_WORDS[code].meaning} |"
    assert line in API_DOCS.read_text().splitlines()
    assert ERROR_WORDS[code].remedy.endswith(".")


def test_every_endpoint_is_in_the_openapi_document_with_what_its_row_says() -> None:
    described = {
        operation["operationId"]: operation
        for path in make_openapi(OPERATIONS)["paths"].values()
        for operation in path.values()
    }
    assert described.keys() == {row.endpoint for row in OPERATIONS}
    for row in OPERATIONS:
        operation = described[row.endpoint]
        is_open = operation.get("security") in ([], [{}, {"bearer": []}])
        assert is_open == row.is_public, row.endpoint
        assert ({"bearer": []} in operation.get("security", [])) == row.takes_token, row.endpoint
        assert ("429" in operation["responses"]) == row.is_limited, row.endpoint


def test_every_route_is_in_the_written_contract(lone_app: Flask) -> None:
    text = API_DOCS.read_text()
    for rule in lone_app.url_map.iter_rules():
        path = re.sub(r"<(?:[^:<>]+:)?(\w+?)_(\w)(\w*)>", r"{\1#\2\3}", rule.rule)
        path = re.sub(r"#(\w)", lambda match: match[1].upper(), path)
        path = re.sub(r"<(?:[^:<>]+:)?(\w+)>", r"{\1}", path)
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
    scripts = list((ROOT / "domain" / "store").rglob("*.lua"))
    assert scripts
    for path in scripts:
        assert "laurel:" not in path.read_text(), path


def list_key_functions() -> list[Callable[..., str]]:
    """Return every public function that the module of the keys defines."""
    return [
        function
        for name, function in vars(keys).items()
        if inspect.isfunction(function)
        and function.__module__ == keys.__name__
        and not name.startswith("_")
    ]


def make_key(function: Callable[..., str], word: str) -> str:
    """Return the key that the function makes of this word, or of a UUID or number."""
    kinds = get_type_hints(function)
    values: dict[str, Any] = {
        name: UUID(ACTION_ID)
        if UUID in get_args(kinds[name])
        else kinds[name](len(word) if kinds[name] is int else word)
        for name in inspect.signature(function).parameters
    }
    return function(**values)


@pytest.mark.parametrize("function", list_key_functions(), ids=lambda function: function.__name__)
def test_every_function_of_the_keys_makes_a_key_with_the_prefix(
    function: Callable[..., str],
) -> None:
    key = make_key(function, "some")
    assert key.startswith(keys.PREFIX)
    assert len(key) > len(keys.PREFIX)
    assert (
        "TTL" in (function.__doc__ or "")
        or key.endswith(":")
        or "Pub/sub" in (function.__doc__ or "")
    )


def test_no_two_functions_of_the_keys_make_the_same_key() -> None:
    made = [make_key(function, "some") for function in list_key_functions()]
    assert len(made) >= 13
    assert len(set(made)) == len(made)
