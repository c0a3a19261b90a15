"""Sessions begin by registration or login, and end in all processes at once."""

import time

from tests.e2e.api import Api
from tests.e2e.stack import Stack
from tests.web.live.client import Listener

EVERYWHERE_SECONDS = 1.0
TOKEN_ENDED = 4401
# Each connection goes to one of the API's two processes; this many reach both.
CONNECTIONS = 12


def test_logout_ends_the_session_everywhere_within_a_second(stack: Stack, api: Api) -> None:
    account = api.register()
    credentials = {name: account[name] for name in ("username", "password")}
    login = api.call("POST", "/api/auth/login", credentials)
    assert login.status == 200
    assert login.body["userId"] == account["userId"]
    refreshed = api.call("POST", "/api/auth/refresh", {"refreshToken": login.body["refreshToken"]})
    assert refreshed.status == 200
    tokens = [login.body["accessToken"], refreshed.body["accessToken"]]
    assert {status_of(stack, token) for token in tokens for _ in range(CONNECTIONS)} == {200}

    with Listener(stack.socket_url, [f"Authorization: Bearer {tokens[1]}"]) as listener:
        listener.hear_until("welcome")
        assert api.call("POST", "/api/auth/logout", token=tokens[0]).status == 204
        ended_at = time.monotonic()
        assert listener.close_code() == TOKEN_ENDED
    time.sleep(max(0.0, ended_at + EVERYWHERE_SECONDS - time.monotonic()))
    assert {status_of(stack, token) for token in tokens for _ in range(CONNECTIONS)} == {401}
    again = api.call("POST", "/api/auth/refresh", {"refreshToken": login.body["refreshToken"]})
    assert again.status == 401
    assert status_of(stack, account["accessToken"]) == 200, "another session of the same user"


def test_an_operator_ends_all_tokens_of_a_user(stack: Stack, api: Api) -> None:
    account = api.register()
    revoked = stack.flask("tokens", "revoke", "--subject", account["userId"])
    assert revoked.returncode == 0, revoked.stderr
    time.sleep(EVERYWHERE_SECONDS)
    found = {status_of(stack, account["accessToken"]) for _ in range(CONNECTIONS)}
    assert found == {401}


def test_a_wrong_password_and_an_unknown_name_get_the_same_answer(api: Api) -> None:
    account = api.register()
    wrong = {"username": account["username"], "password": "not this one"}
    unknown = {"username": "nobody-of-that-name", "password": "not this one"}
    answers = [api.call("POST", "/api/auth/login", body) for body in (wrong, unknown)]
    assert [answer.status for answer in answers] == [401, 401]
    assert {answer.error["code"] for answer in answers} == {"INVALID_CREDENTIALS"}
    assert len({answer.error["message"] for answer in answers}) == 1


def status_of(stack: Stack, token: str) -> int:
    """Return the status of a request with this token on a new connection."""
    with stack.api() as client:
        return client.get("/api/leaderboard/me", token=token).status
