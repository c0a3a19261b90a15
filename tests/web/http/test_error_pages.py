"""Errors for people: pages where a browser opens an address, JSON for everybody else."""

import re
from typing import Any

import pytest
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from tests.web.http.bodies import assert_refused
from web.routes import pages

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8"


def visit(client: FlaskClient, path: str, *, method: str = "GET", **headers: str) -> TestResponse:
    """Return what a browser gets that opens an address."""
    return client.open(path, method=method, headers={"Accept": BROWSER, **headers})


def assert_page(answer: TestResponse, status: int, code: str) -> str:
    """Check that an error came as a page, which is kept by nobody; return its text."""
    text = answer.get_data(as_text=True)
    assert (answer.status_code, answer.content_type) == (status, "text/html; charset=utf-8")
    assert answer.headers["Cache-Control"] == "no-store"
    assert "unsafe" not in answer.headers["Content-Security-Policy"]
    assert f"{status} {code}" in text
    assert f"<code>{answer.headers['X-Request-ID']}</code>" in text
    assert 'href="/"' in text
    return text


@pytest.mark.parametrize("path", ["/nothing", "/players/x/y", "/docs/", "/%00", "/apis"])
def test_a_browser_that_opens_no_page_gets_one_that_says_so(client: FlaskClient, path: str) -> None:
    text = assert_page(visit(client, path), 404, "NOT_FOUND")
    assert "There is nothing at this address" in text


@pytest.mark.parametrize("path", ["/api", "/api/", "/api/nothing", "/api/<b>"])
def test_below_api_a_browser_gets_json_too(client: FlaskClient, path: str) -> None:
    assert_refused(visit(client, path), 404, "NOT_FOUND")


@pytest.mark.parametrize(
    "accept",
    [
        "",
        "*/*",
        "application/json",
        "application/json, text/html",
        "text/html;q=0.5, application/json;q=0.6",
        "text/plain",
        "text/html;q=nan",
        "text/html;q=0",
        ";;q=,",
    ],
)
def test_those_who_do_not_prefer_html_get_the_envelope(client: FlaskClient, accept: str) -> None:
    assert_refused(client.get("/nothing", headers={"Accept": accept}), 404, "NOT_FOUND")


def test_a_path_is_not_repeated_in_the_page(client: FlaskClient) -> None:
    text = assert_page(visit(client, "/<script>alert(1)</script>"), 404, "NOT_FOUND")
    assert "alert" not in text
    assert not re.search(r'<script(?![^>]*\bsrc="/assets/)|<style|\son\w+=|style=', text)


def test_a_page_that_is_posted_to_says_which_methods_there_are(client: FlaskClient) -> None:
    answer = visit(client, "/", method="POST")
    assert_page(answer, 405, "METHOD_NOT_ALLOWED")
    assert set(answer.headers["Allow"].split(", ")) == {"GET", "HEAD", "OPTIONS"}


def test_a_token_that_is_missing_is_told_as_a_page_where_a_browser_asks(app: Flask) -> None:
    answer = app.test_client().get(
        "/metrics", headers={"Accept": BROWSER}, environ_base={"REMOTE_ADDR": "203.0.113.1"}
    )
    assert_page(answer, 401, "UNAUTHORIZED")
    assert answer.headers["WWW-Authenticate"] == "Bearer"


def test_an_error_of_ours_is_a_page_that_reveals_nothing(
    client: FlaskClient, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(_name: str) -> Any:
        raise RuntimeError("SELECT secret FROM psycopg")

    monkeypatch.setattr(pages, "serve_asset", fail)
    text = assert_page(visit(client, "/assets/home.js"), 500, "INTERNAL_ERROR")
    assert "secret" not in text
    assert "RuntimeError" not in text


def test_a_page_of_an_error_is_sent_whole_each_time(client: FlaskClient) -> None:
    named = {"X-Request-ID": "same"}
    first = visit(client, "/nothing", **named)
    again = visit(client, "/nothing", **named, **{"If-None-Match": first.headers.get("ETag", "*")})
    assert_page(again, 404, "NOT_FOUND")
