"""A player's attributes over HTTP: set without a password, refused by rule, exported, erased."""

from typing import Any
from uuid import UUID

import pytest
from flask.testing import FlaskClient
from sqlalchemy import text

from domain.store.store import Store
from tests.web.access.test_accounts import PASSWORD, as_player, register
from tests.web.http.bodies import Headers, assert_refused

OWN = "/api/users/me"


@pytest.fixture
def ann(client: FlaskClient) -> Headers:
    """The headers of a registered player."""
    return as_player(register(client))


def set_attributes(client: FlaskClient, headers: Headers, **attributes: Any) -> Any:
    return client.patch(OWN, json={"attributes": attributes}, headers=headers)


def read_attributes(client: FlaskClient, headers: Headers) -> Any:
    return client.get(OWN, headers=headers).get_json()["attributes"]


def test_attributes_are_set_changed_and_removed_one_by_one(
    client: FlaskClient, ann: Headers
) -> None:
    assert read_attributes(client, ann) == {}
    answer = set_attributes(client, ann, country="DE", guild="Füchse")
    assert (answer.status_code, answer.get_json()["username"]) == (200, "ann")
    set_attributes(client, ann, country="AT")
    assert read_attributes(client, ann) == {"country": "AT", "guild": "Füchse"}
    set_attributes(client, ann, country=None, unknown=None)
    assert read_attributes(client, ann) == {"guild": "Füchse"}
    set_attributes(client, ann, guild=None)
    assert read_attributes(client, ann) == {}


def test_texts_are_stored_in_one_form(client: FlaskClient, ann: Headers) -> None:
    set_attributes(client, ann, guild="Fu\u0308chse")
    assert read_attributes(client, ann) == {"guild": "F\u00fcchse"}


@pytest.mark.parametrize(
    "attributes",
    [
        {"country": "de"},
        {"country": "DEU"},
        {"country": ""},
        {"country": "Ä1"},
        {"guild": ""},
        {"guild": "x" * 65},
        {"guild": "a\nb"},
        {"guild": "a\u202eb"},
        {"guild": 7},
        {"guild": ["x"]},
        {"Guild": "x"},
        {"": "x"},
        {"a" * 33: "x"},
        {f"name{number}": "x" for number in range(9)},
        "DE",
        None,
    ],
)
def test_what_is_not_allowed_is_refused_and_changes_nothing(
    client: FlaskClient, ann: Headers, attributes: Any
) -> None:
    set_attributes(client, ann, country="DE")
    body = {"attributes": attributes}
    refused = client.patch(OWN, json=body, headers=ann)
    assert_refused(refused, 400, "INVALID_PAYLOAD")
    assert "attributes" in refused.get_json()["error"]["details"]["fields"]
    assert read_attributes(client, ann) == {"country": "DE"}


def test_eight_are_allowed_and_a_ninth_is_not(client: FlaskClient, ann: Headers) -> None:
    eight = {f"name{number}": "x" for number in range(8)}
    assert set_attributes(client, ann, **eight).status_code == 200
    assert_refused(set_attributes(client, ann, ninth="x"), 400, "INVALID_PAYLOAD")
    assert set_attributes(client, ann, ninth="x", name0=None).status_code == 200


def test_with_a_name_they_need_the_password_and_change_together(
    client: FlaskClient, ann: Headers
) -> None:
    body = {"username": "bob", "attributes": {"country": "DE"}}
    assert_refused(client.patch(OWN, json=body, headers=ann), 401, "INVALID_CREDENTIALS")
    assert read_attributes(client, ann) == {}
    bad = {"username": "bob", "attributes": {"country": "x"}, "currentPassword": PASSWORD}
    assert_refused(client.patch(OWN, json=bad, headers=ann), 400, "INVALID_PAYLOAD")
    assert client.get(OWN, headers=ann).get_json()["username"] == "ann"
    good = {**body, "currentPassword": PASSWORD}
    assert client.patch(OWN, json=good, headers=ann).get_json()["username"] == "bob"
    assert read_attributes(client, ann) == {"country": "DE"}


def test_a_name_that_is_taken_leaves_the_attributes(client: FlaskClient, ann: Headers) -> None:
    register(client, "bob")
    body = {
        "username": "bob",
        "attributes": {"country": "DE"},
        "currentPassword": PASSWORD,
    }
    assert_refused(client.patch(OWN, json=body, headers=ann), 409, "USERNAME_TAKEN")
    assert read_attributes(client, ann) == {}


def test_who_is_not_stored_has_none(client: FlaskClient, bearer: Any) -> None:
    assert_refused(set_attributes(client, bearer(), country="DE"), 404, "NOT_FOUND")


def test_too_many_changes_are_told_to_wait(client: FlaskClient, ann: Headers) -> None:
    for number in range(20):
        assert set_attributes(client, ann, guild=f"g{number}").status_code == 200
    assert set_attributes(client, ann, guild="g19").status_code == 200
    refused = set_attributes(client, ann, guild="last")
    assert_refused(refused, 429, "RATE_LIMIT_EXCEEDED")
    assert 29 * 86400 < int(refused.headers["Retry-After"]) <= 30 * 86400
    assert read_attributes(client, ann) == {"guild": "g19"}


def test_the_end_of_an_account_is_that_of_its_attributes(
    client: FlaskClient, store: Store, ann: Headers
) -> None:
    set_attributes(client, ann, country="DE")
    user_id = UUID(client.get(OWN, headers=ann).get_json()["userId"])
    gone = client.delete(OWN, json={"currentPassword": PASSWORD}, headers=ann)
    assert gone.status_code == 204
    with store.write() as connection:
        query = text("SELECT attributes, attribute_history FROM users WHERE user_id = :user_id")
        assert tuple(connection.execute(query, {"user_id": user_id}).one()) == (None, None)
