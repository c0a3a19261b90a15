"""The client's token: renewed while it is open, and at an end for good with a ban."""

import json

import jwt
import pytest

from tests.e2e.api import Api
from tests.e2e.client.driver import ClientPage
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended

# The server tells of the end a minute before it, so at once; the token lives 15 seconds.
SHORT = "--expires=15"


def test_a_token_that_ends_is_renewed_on_the_open_connection(
    client: ClientPage, api: Api, stack: Stack
) -> None:
    player = api.register()
    subject = f"--subject={player['userId']}"
    [short] = stack.issue_tokens(1, subject, SHORT)
    session = {"accessToken": short["token"], "refreshToken": player["refreshToken"]}
    client.ask(
        f"window.mine = {{ ...{json.dumps(session)}, onChange: () => (mine.renewed = true) }}"
    )
    client.start("mine").wait_live()
    client.wait_for("mine.renewed")
    assert client.ask("mine.accessToken") != short["token"]
    assert client.ask("mine.refreshToken") != player["refreshToken"]
    # Without another token it would be closed now.
    client.wait_for(f"Date.now() > 1000 * {read_end(short['token'])} + 2000")
    action = client.play(10)
    client.wait(lambda: client.own_actions == [action])
    assert client.states == ["live"]


def test_a_spectators_end_is_the_beginning_of_another(client: ClientPage, stack: Stack) -> None:
    [short] = stack.issue_tokens(1, SHORT)
    client.ask(
        f"window.mine = {{ accessToken: '{short['token']}', signIn: async () => "
        "(await (await fetch('/api/auth/spectate', { method: 'POST' })).json()) }"
    )
    client.start("mine").wait_live()
    client.wait_for(f"mine.accessToken !== '{short['token']}'")
    client.wait_for(f"Date.now() > 1000 * {read_end(short['token'])} + 2000")
    client.ask("board.stop()")
    client.ask("window.board = laurel.follow('leaderboard', { limit: 5 })")
    client.wait_for("board.isKnown")
    assert client.states == ["live"]


def test_a_banned_player_is_told_so_and_does_not_come_back(
    client: ClientPage, api: Api, stack: Stack
) -> None:
    client.ask("session.becomeGuest()")
    client.start().wait_live()
    user = client.ask("session.userId")
    ban = ["bans", "add", user, "--reason=CHEATING", "--note=for a test"]
    made = stack.flask(*ban)
    assert made.returncode == 0, made.stderr
    client.wait_for("laurel.state.state === 'ended'")
    assert client.ask("laurel.state.text") == "This player is banned"
    # What was shown stays, and what is public is read.
    assert client.ask("board.isKnown")
    assert client.ask("laurel.request('GET', '/api/boards').then(({ status }) => status)") == 200
    assert client.states == ["live", "ended"]


def test_a_call_with_a_token_that_has_ended_is_made_again_with_another(
    client: ClientPage, api: Api
) -> None:
    player = api.register()
    session = {"accessToken": "ended.long.ago", "refreshToken": player["refreshToken"]}
    client.ask(f"window.mine = {json.dumps(session)}")
    client.start("mine").wait_live()
    # Both ask at the same time, and a refresh token is good once.
    client.ask("mine.accessToken = 'ended.long.ago'")
    answers = client.ask(
        "Promise.all([1, 2].map(() => laurel.request('GET', '/api/actions')))"
        ".then((answers) => answers.map(({ status }) => status))"
    )
    assert answers == [200, 200]


def read_end(token: str) -> int:
    """Return when the token ends, in seconds of the epoch."""

    end: int = jwt.decode(token, options={"verify_signature": False})["exp"]
    return end
