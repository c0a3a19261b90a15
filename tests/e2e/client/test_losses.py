"""What gets lost on the way is noticed, and what a close code asks for is done."""

import json
import signal
from collections.abc import Callable

import pytest
from playwright.sync_api import Route, WebSocketRoute

from tests.e2e.api import Api, action
from tests.e2e.client.driver import ClientPage
from tests.e2e.client.test_following import read_board
from tests.e2e.stack import Stack

Message = str | bytes


class Wire:
    """The sockets of a page, with the server behind them; what passes is decided here."""

    def __init__(self, client: ClientPage) -> None:
        self.opened: list[WebSocketRoute] = []
        self.passes: Callable[[Message], bool] = lambda _message: True
        client.page.route_web_socket("**/ws", self._connect)

    def _connect(self, socket: WebSocketRoute) -> None:
        self.opened.append(socket)
        server = socket.connect_to_server()
        server.on_message(lambda message: self.passes(message) and socket.send(message))
        socket.on_message(lambda message: self.passes(message) and server.send(message))


@pytest.fixture
def wire(client: ClientPage) -> Wire:
    """The wire of the client's page."""
    return Wire(client)


def test_a_change_that_is_lost_is_asked_for(client: ClientPage, wire: Wire, api: Api) -> None:
    client.start().wait_live()
    lost: list[Message] = []

    def lose_one_change(message: Message) -> bool:
        if lost or json.loads(message).get("event") != "leaderboard_changed":
            return True
        lost.append(message)
        return False

    wire.passes = lose_one_change
    player = api.register()
    for _ in range(2):
        assert api.complete(player["accessToken"], 900).status == 200
        client.wait(lambda: len(lost) == 1)
    client.wait(lambda: client.rows == read_board(api))
    client.wait_live()
    assert client.states == ["live", "catching up", "live"]
    assert len(wire.opened) == 1


@pytest.mark.extended
@pytest.mark.parametrize("later", [0, 3])
def test_actions_of_a_step_that_is_cut_inside_are_told_once(
    client: ClientPage, wire: Wire, api: Api, later: int
) -> None:
    client.ask("session.becomeGuest()")
    client.start().wait_live()
    token = client.ask("session.accessToken")
    tickets: list[Route] = []
    client.page.route("**/api/realtime/ticket", lambda route: tickets.append(route))
    told: list[str] = []

    def pass_two_and_cut(message: Message) -> bool:
        event = json.loads(message)
        if len(told) == 2:
            wire.opened[0].close(code=1011)
            return False
        if event.get("event") == "score_updated" and event["channel"] == "user:self":
            told.append(event["actionId"])
        return True

    wire.passes = pass_two_and_cut
    scores = [complete_batch(api, token, 5)]
    client.wait(lambda: bool(tickets))
    assert client.own_actions == told
    # Whoever comes back late has missed the rest all the same.
    client.ask("{ const now = Date.now; Date.now = () => now() + 60000; }")
    scores.append(complete_batch(api, token, later))
    wire.passes = lambda _message: True
    tickets[0].continue_()
    client.page.unroute("**/api/realtime/ticket")
    scores.append(complete_batch(api, token, 1))
    client.wait_for(f"laurel.own.you?.score === {sum(scores)}")
    updates = "told.own.filter((e) => e.event === 'score_updated')"
    assert client.ask(f"{updates}.reduce((sum, e) => sum + e.merged, 0)") == 6 + later
    assert client.ask(f"{updates}.reduce((sum, e) => sum + e.scoreIncrease, 0)") == sum(scores)
    ends = f"{updates}.map((e) => e.previousScore + e.scoreIncrease)"
    assert client.ask(f"{updates}.map((e) => e.previousScore)") == [0, *client.ask(ends)[:-1]]


@pytest.mark.extended
def test_of_a_sum_what_was_told_is_left_out(client: ClientPage) -> None:
    taken = client.ask("""(async () => {
      const { Told } = await import("/assets/laurel/told.js");
      const told = new Told();
      const points = (count) => Array.from({ length: count }, (_, index) => 10 + index);
      const one = (index) => ({ actionId: `id-${index}`, scoreIncrease: 10 + index, merged: 1 });
      const sum = (count) => {
        const scoreIncrease = points(count).reduce((total, each) => total + each, 0);
        return { actionId: `id-${count - 1}`, scoreIncrease, merged: count };
      };
      const take = (update, seq) =>
        told.take({ event: "score_updated", from: 4, seq, previousScore: 0, ...update });
      const cut = () => { told.cut(); told.resume(); return told.since(7); };
      const heard = [take(one(0), 7), take(one(1), 7), cut(), take(sum(20), 9)];
      return [...heard, told.cut(), told.since(9), told.resume(), take(sum(20), 9)];
    })()""")
    first, second, since, rest, _, again, _, repeated = taken
    assert [first["merged"], second["merged"], since, again] == [1, 1, 4, 4]
    everything = sum(range(10, 30))
    assert (rest["merged"], rest["scoreIncrease"]) == (18, everything - 21)
    assert (rest["previousScore"], rest["actionId"]) == (21, "id-19")
    assert repeated is None


@pytest.mark.extended
def test_a_rank_that_is_true_again_is_told_again(client: ClientPage) -> None:
    heard = client.ask("""(async () => {
      const { Told } = await import("/assets/laurel/told.js");
      const told = new Told();
      const take = (newRank) =>
        told.take({ event: "user_position_changed", from: 4, seq: 7, newRank }) !== null;
      const cut = () => { told.cut(); told.resume(); };
      const heard = [take(5), take(5)];
      cut();
      heard.push(take(8));
      cut();
      return [...heard, take(5)];
    })()""")
    assert heard == [True, False, True, True]


def complete_batch(api: Api, token: str, count: int) -> int:
    """Complete so many actions together; return their points."""
    actions = [action(10 + number) for number in range(count)]
    if actions:
        body = {"actions": actions}
        assert api.call("POST", "/api/actions/batch", body, token=token).status == 200
    return sum(each["score"] for each in actions)


def test_a_dead_connection_is_found_when_the_network_is_back(
    client: ClientPage, wire: Wire, api: Api
) -> None:
    client.start().wait_live()
    wire.passes = lambda _message: False
    assert api.complete(api.register()["accessToken"], 900).status == 200
    client.ask("dispatchEvent(new Event('online'))")
    client.wait_for("laurel.state.state === 'offline'")
    wire.passes = lambda _message: True
    client.wait_live()
    client.wait(lambda: client.rows == read_board(api))
    assert client.states == ["live", "offline", "catching up", "live"]


def test_a_server_that_goes_away_is_followed_to_the_next(
    client: ClientPage, api: Api, stack: Stack
) -> None:
    client.ask("session.becomeGuest()")
    client.start().wait_live()
    stack.kill("live", signal.SIGTERM)
    client.wait_for("told.states.includes('offline')")
    actions = [client.play(120)]
    client.wait_live()
    client.wait(lambda: client.own_actions == actions)
    client.wait(lambda: client.rows == read_board(api))


@pytest.mark.parametrize("code", [1008, 1011, 4408, 4409, 4429])
def test_after_these_codes_it_comes_back(client: ClientPage, wire: Wire, code: int) -> None:
    client.start().wait_live()
    wire.opened[0].close(code=code)
    client.wait_for("laurel.state.state === 'offline'")
    # Some pauses are long; who looks at the page again does not wait for them.
    client.ask("dispatchEvent(new Event('online'))")
    client.wait_live()
    assert client.states == ["live", "offline", "catching up", "live"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        (4501, "The login is not valid"),
        (4505, "This page is too old for the server: reload it"),
        (4599, "The server asks not to come back"),
    ],
)
def test_after_these_codes_it_does_not(
    client: ClientPage, wire: Wire, code: int, text: str
) -> None:
    client.start().wait_live()
    wire.opened[0].close(code=code)
    client.wait_for("laurel.state.state === 'ended'")
    assert client.ask("laurel.state.text") == text
    assert len(wire.opened) == 1
