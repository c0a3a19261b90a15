"""Who looks at a page: a spectator, a guest, a player; kept in the browser, shared by pages."""

from collections.abc import Iterator
from typing import Any

import pytest
from playwright.sync_api import Browser

from tests.e2e.api import Api
from tests.e2e.client.driver import ClientPage
from tests.e2e.stack import Stack

pytestmark = pytest.mark.extended

WHO = "[session.kind, session.username]"
# Returns the code with which a promise was refused, null when it was kept.
CODE = ".then(() => null, ({ code }) => code)"


@pytest.fixture
def other(client: ClientPage, stack: Stack) -> Iterator[ClientPage]:
    """Another page of the same browser."""
    made = ClientPage(stack, client.page.context)
    yield made
    made.close()


def count_names(api: Api, token: str, name: str) -> Any:
    """Return how often the board has this name."""
    rows = api.get("/api/leaderboard?limit=100", token=token).body["leaderboard"]
    return [row["username"] for row in rows].count(name)


def test_a_guest_is_made_once_and_found_again(client: ClientPage) -> None:
    assert client.ask(WHO) == ["spectator", None]
    client.ask("session.becomeGuest()")
    kind, name = client.ask(WHO)
    assert kind == "guest"
    assert name.startswith("guest-")
    client.load()
    assert client.ask(WHO) == ["guest", name]
    # Logged out and back: no second account.
    user = client.ask("session.userId")
    client.ask("session.logOut()")
    assert client.ask(WHO) == ["spectator", None]
    client.ask("session.becomeGuest()")
    assert client.ask(WHO) == ["guest", name]
    assert client.ask("session.userId") == user


@pytest.mark.parametrize("kept", ["{", "5", "[]", '"x"', '{"kind":"player","becomeGuest":1}'])
def test_what_a_browser_has_kept_damaged_locks_nobody_out(client: ClientPage, kept: str) -> None:
    client.page.evaluate("kept => localStorage['laurel-guest'] = kept", kept)
    client.page.evaluate("kept => localStorage['laurel-session'] = kept", kept)
    client.load()
    client.ask("session.logOut()")
    client.ask("session.becomeGuest()")
    kind, name = client.ask(WHO)
    assert kind == "guest"
    assert name.startswith("guest-")
    client.load()
    assert client.ask(WHO) == ["guest", name]


def test_a_logout_ends_the_login_on_the_server(client: ClientPage) -> None:
    client.ask("session.becomeGuest()")
    token = client.ask("session.accessToken")
    client.start().wait_live()
    client.ask("session.logOut()")
    ended = "fetch('/api/actions', { headers: { Authorization: `Bearer ${old}` } })"
    assert client.ask(f"(async (old) => (await {ended}).status)('{token}')") == 401
    # The page goes on as a spectator's.
    client.wait_for("laurel.state.state === 'live' && session.accessToken !== null")
    assert client.ask("play(1).then(({ status }) => status)") == 403
    assert client.ask("board.isKnown")


def test_a_player_logs_in_with_name_and_password(client: ClientPage, api: Api) -> None:
    player = api.register()
    name, password = player["username"], player["password"]
    client.start().wait_live()
    wrong = f"session.logIn('{name}', 'something else'){CODE}"
    assert client.ask(wrong) == "INVALID_CREDENTIALS"
    assert client.ask(WHO) == ["spectator", None]
    assert client.ask(f"session.logIn('{name}', '{password}'){CODE}") is None
    assert client.ask(WHO) == ["player", name]
    action = client.play(40)
    client.wait(lambda: client.own_actions == [action])
    # Neither the password nor anything like it is kept.
    assert password not in client.ask("JSON.stringify({ ...localStorage })")


def test_a_guest_is_renamed_and_stays_the_same(client: ClientPage, api: Api) -> None:
    client.ask("session.becomeGuest()")
    client.start().wait_live()
    client.play(333)
    taken = api.register()
    assert client.ask(f"session.rename('{taken['username']}'){CODE}") == "USERNAME_TAKEN"
    assert client.ask(f"session.rename('x'){CODE}") == "INVALID_PAYLOAD"
    assert client.ask(WHO)[1].startswith("guest-")
    name = f"Zoë {taken['userId'][:8]}"
    assert client.ask(f"session.rename('{name}'){CODE}") is None
    client.wait(lambda: count_names(api, taken["accessToken"], name) == 1)
    # The stored login has the new name.
    client.ask("session.logOut()")
    client.ask("session.becomeGuest()")
    assert client.ask(WHO) == ["guest", name]


def test_a_players_new_name_needs_the_password(client: ClientPage, api: Api) -> None:
    player = api.register()
    client.ask(f"session.logIn('{player['username']}', '{player['password']}')")
    name = f"renamed {player['userId'][:8]}"
    assert client.ask(f"session.rename('{name}'){CODE}") == "INVALID_CREDENTIALS"
    assert client.ask(f"session.rename('{name}', '{player['password']}'){CODE}") is None
    assert client.ask(WHO) == ["player", name]


def test_pages_of_one_browser_share_the_login(client: ClientPage, other: ClientPage) -> None:
    other.start().wait_live()
    client.ask("session.becomeGuest()")
    name = client.ask("session.username")
    other.wait_for(f"session.username === '{name}' && laurel.state.state === 'live'")
    action = other.play(25)
    other.wait(lambda: other.own_actions == [action])
    # A refresh token is good once: the pages take turns, and one finds what the other got.
    for page in (client, other):
        page.ask("session.accessToken = 'ended.long.ago'")
    read = "session.request('GET', '/api/actions').then(({ status }) => status)"
    client.ask("window.asked = " + read)
    assert other.ask(read) == 200
    assert client.ask("asked") == 200
    client.wait(lambda: client.ask("session.accessToken") == other.ask("session.accessToken"))
    client.ask("session.logOut()")
    other.wait_for("session.kind === 'spectator'")


def test_where_there_are_no_spectators_the_page_says_what_to_do(client: ClientPage) -> None:
    forbidden = '{"success": false, "error": {"code": "FORBIDDEN", "message": "None here"}}'
    client.page.route(
        "**/api/auth/spectate",
        lambda route: route.fulfill(status=403, content_type="application/json", body=forbidden),
    )
    client.start().wait_for("laurel.state.state === 'ended'")
    assert client.ask("laurel.state.text") == "Play or log in to see it live"
    assert client.ask("laurel.request('GET', '/api/boards').then(({ status }) => status)") == 200
    client.ask("session.becomeGuest()")
    client.wait_live()
    assert client.states == ["ended", "connecting", "live"]


def test_a_browser_that_keeps_nothing_can_still_play(browser: Browser, stack: Stack) -> None:
    page = ClientPage(stack, browser)
    page.page.add_init_script(
        "Object.defineProperty(window, 'localStorage', { get() { throw new Error('denied'); } })"
    )
    page.load()
    page.start().wait_live()
    page.ask("session.becomeGuest()")
    action = page.play(5)
    page.wait(lambda: page.own_actions == [action])
    page.close()
