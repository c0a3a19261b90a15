"""A player's second factor over HTTP, and codes as what vouches for actions."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID, uuid4

import pytest
from flask import Flask
from flask.testing import FlaskClient
from pyotp import TOTP
from sqlalchemy import select

from domain.settings import Settings
from domain.step_up.cipher import make_cipher
from domain.step_up.codes import MAX_WRONG_CODES
from domain.step_up.model import StepUp
from domain.step_up.second_factors import confirm_factor
from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import make_player
from tests.web.access.test_accounts import PASSWORD, as_player, register
from tests.web.conftest import RecordingBatcher
from tests.web.http.bodies import (
    AT_ONCE,
    BATCH,
    COMPLETE,
    Headers,
    assert_refused,
    count_rows,
    make_body,
)

Bearer = Callable[..., Headers]
OWN = "/api/users/me/second-factor"
STEP = timedelta(seconds=30)


class App:
    """The authenticator app of a player, and the player's token."""

    def __init__(self, client: FlaskClient, headers: Headers, password: str | None = None):
        self.client, self.headers = client, headers
        self.password = {} if password is None else {"currentPassword": password}
        self.secret = ""

    def code(self, steps: int = 0) -> str:
        """Return the code of now, or of so many steps later."""
        return str(TOTP(self.secret).at(datetime.now(UTC) + steps * STEP))

    def wrong_code(self) -> str:
        """Return a code that is not right within some minutes."""
        near = {self.code(steps) for steps in range(-3, 6)}
        return next(code for code in map("{:06}".format, range(20)) if code not in near)

    def set_up(self) -> Any:
        """Ask for a secret, and keep it."""
        answer = self.client.post(OWN, json=self.password, headers=self.headers)
        if answer.status_code == 201:
            self.secret = answer.get_json()["secret"]
        return answer

    def confirm(self, code: str) -> Any:
        """Confirm it with a code."""
        return self.client.post(f"{OWN}/confirm", json={"code": code}, headers=self.headers)

    def remove(self, code: str, **body: Any) -> Any:
        """Remove it with a code."""
        return self.client.delete(
            OWN, json={"code": code, **self.password, **body}, headers=self.headers
        )

    def post(self, code: str, body: Any, path: str = COMPLETE) -> Any:
        """Post actions with a code."""
        headers = {**self.headers, "X-TOTP-Code": code, **AT_ONCE}
        return self.client.post(path, json=body, headers=headers)


@pytest.fixture
def ann(client: FlaskClient) -> App:
    """A registered player without a second factor."""
    return App(client, as_player(register(client)), PASSWORD)


@pytest.fixture
def make_holder(store: Store, settings: Settings, bearer: Bearer) -> Callable[[FlaskClient], App]:
    """Make a player without a password whose factor was confirmed two minutes ago."""

    def make(client: FlaskClient) -> App:
        user_id = make_player(store).user_id
        holder = App(client, bearer(user_id))
        assert holder.set_up().status_code == 201
        confirm_factor(
            store,
            make_cipher(settings),
            user_id=user_id,
            code=holder.code(-4),
            now=datetime.now(UTC) - 4 * STEP,
        )
        return holder

    return make


def test_a_factor_is_set_up_confirmed_shown_and_removed(ann: App) -> None:
    def is_there() -> bool:
        export = ann.client.get("/api/users/me", headers=ann.headers).get_json()
        return bool(export["hasSecondFactor"])

    made = ann.set_up()
    assert made.status_code == 201
    assert made.get_json().keys() == {"secret", "uri"}
    assert made.get_json()["uri"].startswith("otpauth://totp/Laurel:ann?")
    assert not is_there()
    assert_refused(ann.confirm(ann.wrong_code()), 401, "CODE_INVALID")
    assert ann.confirm(ann.code()).status_code == 204
    assert is_there()
    assert_refused(ann.set_up(), 409, "SECOND_FACTOR_EXISTS")
    assert_refused(ann.confirm(ann.code(1)), 409, "SECOND_FACTOR_EXISTS")
    assert_refused(ann.remove(ann.wrong_code()), 401, "CODE_INVALID")
    assert ann.remove(ann.code(1)).status_code == 204
    assert not is_there()
    assert_refused(ann.remove("123456"), 404, "NOT_FOUND")


def test_a_factor_needs_the_password_of_an_account_that_has_one(ann: App) -> None:
    for body in ({}, {"currentPassword": "wrong password"}):
        answer = ann.client.post(OWN, json=body, headers=ann.headers)
        assert_refused(answer, 401, "INVALID_CREDENTIALS")
    assert_refused(ann.client.post(OWN, headers=ann.headers), 401, "INVALID_CREDENTIALS")
    ann.set_up()
    ann.confirm(ann.code())
    answer = ann.remove(ann.code(1), currentPassword="wrong password")
    assert_refused(answer, 401, "INVALID_CREDENTIALS")
    assert ann.remove(ann.code(1)).status_code == 204


def test_an_account_without_a_password_needs_none(client: FlaskClient, make_holder: Any) -> None:
    holder = make_holder(client)
    assert holder.remove(holder.code()).status_code == 204
    assert client.post(OWN, headers=holder.headers).status_code == 201


def test_who_has_played_nothing_and_a_game_server_have_none(
    client: FlaskClient, bearer: Bearer
) -> None:
    assert_refused(client.post(OWN, headers=bearer()), 404, "NOT_FOUND")
    confirmed = client.post(f"{OWN}/confirm", json={"code": "123456"}, headers=bearer())
    assert_refused(confirmed, 404, "NOT_FOUND")


@pytest.mark.parametrize("code", [None, 123456, "", "12345", "1234567", "12345a", "１２３４５６"])
def test_a_body_without_a_code_is_refused(ann: App, code: Any) -> None:
    ann.set_up()
    for answer in (ann.confirm(code), ann.remove(code)):
        error = assert_refused(answer, 400, "INVALID_PAYLOAD")
        assert error["details"]["fields"].keys() == {"code"}


def test_the_secret_is_stored_encrypted_and_shown_once(
    ann: App, store: Store, capsys: pytest.CaptureFixture[str]
) -> None:
    ann.set_up()
    ann.confirm(ann.code())
    with store.write() as connection:
        stored = connection.execute(select(tables.second_factors.c.secret)).scalar_one()
    assert TOTP(ann.secret).byte_secret() not in bytes(stored)
    exported = ann.client.get("/api/users/me", headers=ann.headers).get_data(as_text=True)
    assert ann.secret not in exported + "".join(capsys.readouterr())


def test_a_deleted_account_has_no_factor(ann: App, store: Store) -> None:
    ann.set_up()
    ann.confirm(ann.code())
    deleted = ann.client.delete("/api/users/me", json=ann.password, headers=ann.headers)
    assert deleted.status_code == 204
    with store.write() as connection:
        assert connection.execute(select(tables.second_factors.c.user_id)).all() == []


def test_a_code_vouches_for_an_action(
    client: FlaskClient, batcher: RecordingBatcher, make_holder: Any
) -> None:
    holder = make_holder(client)
    assert holder.post(holder.code(), make_body()).status_code == 200
    batched = {"actions": [make_body(), make_body(score=-1), make_body()]}
    assert holder.post(holder.code(1), batched, BATCH).status_code == 200
    assert [action.step_up for action in batcher.taken] == [StepUp.TOTP] * 3


def test_a_code_vouches_for_nobody_else_s_actions(
    client: FlaskClient,
    batcher: RecordingBatcher,
    make_holder: Any,
    settings: Settings,
    bearer: Bearer,
) -> None:
    holder = make_holder(client)
    me = client.get("/api/users/me", headers=holder.headers).get_json()["userId"]
    holder.headers = bearer(UUID(me), roles=("service",))
    actions = [make_body(), make_body(userId=str(uuid4())), make_body(userId=me)]
    assert holder.post(holder.code(), {"actions": actions}, BATCH).status_code == 200
    assert [action.step_up for action in batcher.taken] == [StepUp.TOTP, None, StepUp.TOTP]


def test_a_wrong_code_stores_nothing_and_few_are_looked_at(
    intake_client: FlaskClient, store: Store, make_holder: Any
) -> None:
    holder = make_holder(intake_client)
    rows, body = count_rows(store), make_body()
    for _ in range(MAX_WRONG_CODES):
        answer = holder.post(holder.wrong_code(), body)
        assert_refused(answer, 401, "CODE_INVALID")
        assert answer.headers["WWW-Authenticate"] == "Bearer"
    for path, sent in ((COMPLETE, body), (BATCH, {"actions": [body]})):
        answer = holder.post(holder.code(), sent, path)
        assert_refused(answer, 429, "RATE_LIMIT_EXCEEDED")
        assert 0 < int(answer.headers["Retry-After"]) <= 300
    assert count_rows(store) == rows
    # Without a code the action is taken: whether it needs one is for screening.
    sent = intake_client.post(COMPLETE, json=body, headers={**holder.headers, **AT_ONCE})
    assert sent.status_code == 202


def test_a_bad_body_uses_no_code_up(client: FlaskClient, make_holder: Any) -> None:
    holder = make_holder(client)
    code = holder.code()
    assert_refused(holder.post(code, make_body(score=-1)), 400, "INVALID_PAYLOAD")
    assert holder.post(code, make_body()).status_code == 200


def test_a_code_of_who_has_no_factor_is_refused(
    intake_client: FlaskClient, store: Store, bearer: Bearer
) -> None:
    holder = App(intake_client, bearer())
    for code in ("123456", "", "x"):
        error = assert_refused(holder.post(code, make_body()), 401, "CODE_INVALID")
        assert error["message"] == "This account has no second factor"
    assert count_rows(store) == 0


def test_a_request_whose_answer_was_lost_is_repeated_with_its_code(
    intake_client: FlaskClient, store: Store, make_holder: Any
) -> None:
    holder = make_holder(intake_client)
    body, code = make_body(), holder.code()
    assert holder.post(code, body).status_code == 202
    rows = count_rows(store)
    assert_refused(holder.post(code, body), 409, "DUPLICATE_ACTION")
    # Another action needs another code, and after it the first is still answered.
    assert_refused(holder.post(code, make_body()), 401, "CODE_INVALID")
    assert count_rows(store) == rows
    assert holder.post(holder.code(1), make_body()).status_code == 202
    assert_refused(holder.post(code, body), 409, "DUPLICATE_ACTION")
    assert_refused(holder.post(code, {**body, "score": 7}), 409, "ACTION_ID_CONFLICT")


def test_a_code_does_not_save_a_bad_signature_and_is_not_used_up_by_it(
    client: FlaskClient, batcher: RecordingBatcher, make_holder: Any
) -> None:
    holder = make_holder(client)
    code = holder.code()
    good = dict(holder.headers)
    holder.headers = {**good, "X-Laurel-Signature": "x"}
    assert_refused(holder.post(code, make_body()), 401, "SIGNATURE_INVALID")
    holder.headers = good
    assert holder.post(code, make_body()).status_code == 200
    assert [action.step_up for action in batcher.taken] == [StepUp.TOTP]


def test_an_operator_removes_a_lost_factor(
    app: Flask, client: FlaskClient, make_holder: Any
) -> None:
    holder = make_holder(client)
    me = client.get("/api/users/me", headers=holder.headers).get_json()["userId"]
    done = app.test_cli_runner().invoke(args=["second-factors", "remove", me])
    assert (done.exit_code, done.output) == (0, f"removed the second factor of {me}\n")
    assert holder.set_up().status_code == 201
