"""Simulated players: honest ones obey the rules, cheaters do not, every answer is counted."""

import json
import random
import re
import threading
import tomllib
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from itertools import pairwise
from typing import Any

import pytest

from domain.accounts.lookalikes import skeleton
from domain.accounts.names import clean_username
from domain.rankings.definition_json import decode_definition, encode_definition
from local.demo.boards import SEASON_DAYS, list_missing
from local.demo.client import Client, outcome_of
from local.demo.drive import Drive
from local.demo.names import COUNTRIES
from local.demo.people import Habits, list_people
from local.demo.players import Move, Player, make_players, players_for
from local.demo.statistics import quantile_ms

NOW = datetime(2026, 1, 2, tzinfo=UTC)


def play(
    trick: str | None, hours: float, usual: float = 7.5, habits: Habits | None = None
) -> list[tuple[float, Move]]:
    player = Player("token", trick, random.Random(7), habits=habits or Habits())
    at, moves = 0.0, []
    while at < hours * 3600:
        moves.append((at, player.next_move(at, NOW + timedelta(seconds=at))))
        at += player.gap_seconds(usual)
    return moves


def make_some(count: int) -> list[Player]:
    """Return honest players, with a token that is their number."""
    tokens = [str(number) for number in range(count)]
    return make_players(tokens, list_people(count), 0.0, random.Random(1))


@pytest.mark.parametrize(
    "habits",
    [
        Habits(),
        Habits(skill=1.0, pace=0.7, steadiness=0.7, session_actions=60),
        Habits(skill=0.3, pace=1.6, steadiness=0.35, session_actions=8),
    ],
    ids=["usual", "keen", "casual"],
)
def test_honest_players_stay_below_every_limit_for_hours(habits: Habits) -> None:
    moves = play(None, hours=3, habits=habits)
    assert len(moves) > 600
    assert max(move.score for _, move in moves) <= 1_000
    for index, (at, _) in enumerate(moves):
        last_minute = [then for then, _ in moves[: index + 1] if then > at - 60]
        last_hour = [move.score for then, move in moves[: index + 1] if then > at - 3_600]
        assert len(last_minute) <= 10
        assert sum(last_hour) <= 10_000
    assert all(move.timestamp == NOW + timedelta(seconds=at) for at, move in moves)


def test_each_trick_violates_its_rule() -> None:
    assert min(move.score for _, move in play("too high", hours=0.1)) > 1_000
    ages = [NOW + timedelta(seconds=at) - move.timestamp for at, move in play("stale", hours=0.1)]
    assert min(ages) > timedelta(seconds=300)
    assert sum(at < 60 for at, _ in play("too fast", hours=0.1)) > 10
    assert sum(move.score for _, move in play("hoarding", hours=1)) > 10_000


def test_the_share_of_cheaters_and_the_number_of_players_are_as_asked() -> None:
    tokens = [str(number) for number in range(40)]
    players = make_players(tokens, list_people(40), 0.1, random.Random(1))
    assert sum(player.trick is not None for player in players) == 4
    assert players_for(20) >= 20 * 7


def test_a_second_demo_has_the_people_of_the_first_and_no_numbered_names() -> None:
    first, second = list_people(300), list_people(200)
    assert first[:200] == second
    assert len({person.user_id for person in first}) == len(first)
    for person in first:
        assert clean_username(person.username) == person.username
        assert not re.search(r"[-_ ]\d+$", person.username)
    # Names that look alike would be refused: the player would get a generated one.
    assert len({skeleton(person.username) for person in first}) == len(first)
    assert sum(not person.username.isascii() for person in first) > 60
    assert {person.country for person in first} <= {*COUNTRIES}


def test_people_differ_in_skill_and_in_what_they_like_and_rest_where_the_rate_allows_it() -> None:
    weak, strong = (play(None, hours=1, habits=Habits(skill=skill)) for skill in (0.3, 1.0))
    assert 2 * sum_scores(weak) < sum_scores(strong)
    liked = Habits(action_types=("combo", "quest_done"))
    types = [move.action_type for _, move in play(None, hours=1, habits=liked)]
    assert {*types} == {"combo", "quest_done"}
    assert types.count("combo") > types.count("quest_done")
    times = [at for at, _ in play(None, hours=3, usual=30.0)]
    assert max(later - before for before, later in pairwise(times)) > 120
    assert 200 < len(times) < 600


def sum_scores(moves: list[tuple[float, Move]]) -> int:
    return sum(move.score for _, move in moves)


def test_a_seed_does_not_repeat_action_ids() -> None:
    first, second = (play(None, hours=0.05)[0][1].action_id for _ in range(2))
    assert first != second


def make_records(tables: dict[str, str], state: str = "live") -> list[dict[str, Any]]:
    """Return the boards of these tables as the operator's command lists them."""
    boards = [tomllib.loads(table)["boards"][0] for table in tables.values()]
    return [
        {"board": encode_definition(decode_definition(board)), "state": state} for board in boards
    ]


def test_the_boards_of_a_demo_are_sound_and_a_second_demo_makes_none() -> None:
    records = make_records(list_missing([], NOW))
    boards = {record["board"]["id"]: record["board"] for record in records}
    assert [*boards] == ["today", "week-by-country", "season"]
    assert boards["today"]["period"] == {"kind": "daily"}
    assert boards["week-by-country"]["segment"] == "player.country"
    assert boards["season"]["period"]["start"] == "2026-01-02T00:00:00Z"
    assert boards["season"]["rewards"]
    last_moment = NOW + timedelta(days=SEASON_DAYS) - timedelta(seconds=1)
    for state in ("building", "live", "archived", "deleting"):
        assert list_missing(make_records(list_missing([], NOW), state), last_moment) == {}
    assert [*list_missing(records[1:], last_moment)] == ["Today"]


def test_a_season_that_is_over_is_followed_by_another_unless_it_was_archived() -> None:
    over = NOW + timedelta(days=SEASON_DAYS)
    records = make_records(list_missing([], NOW))
    (following,) = make_records(list_missing(records, over))
    assert following["board"]["id"] == "season"
    assert following["board"]["title"] == "April season"
    assert following["board"]["period"]["start"] == records[2]["board"]["period"]["end"]
    archived = [records[0], records[1], records[2] | {"state": "archived"}]
    assert list_missing(archived, over) == {}


class Api(ThreadingHTTPServer):
    """Closes the connection of the first request; a repeated action is a duplicate."""

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.bodies: list[dict[str, Any]] = []
        self.countries: list[tuple[str, str]] = []
        self.failures = 1


class Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server: Api

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        self.server.bodies.append(body)
        if self.server.failures > 0:
            self.server.failures -= 1
            self.close_connection = True
            return
        seen = [entry["actionId"] for entry in self.server.bodies].count(body["actionId"]) > 1
        code = "DUPLICATE_ACTION" if seen else "OK"
        self.answer(409 if seen else 200, {"error": {"code": code}})

    def do_PATCH(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
        token = self.headers["Authorization"].removeprefix("Bearer ")
        self.server.countries.append((token, body["attributes"]["country"]))
        first = self.server.countries.count(self.server.countries[-1]) == 1
        self.answer(404 if first else 200, {"error": {"code": "NOT_FOUND"}})

    def answer(self, status: int, body: dict[str, Any]) -> None:
        raw = json.dumps(body).encode()
        self.send_response(status)
        self.send_header("Content-Length", str(len(raw)))
        self.end_headers()
        self.wfile.write(raw)

    def log_message(self, *_: object) -> None:
        """Say nothing."""


@pytest.fixture
def api() -> Iterator[Api]:
    """A minimal API."""
    server = Api()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_broken_connection_is_retried_with_the_same_id_and_409_then_counts_as_done(
    api: Api,
) -> None:
    client = Client("127.0.0.1", api.server_port)
    _, move = play(None, hours=0.01)[0]
    answer = client.send(move, lambda: False)
    client.close()
    assert (answer.outcome, answer.retries) == ("200 after a retry", 1)
    assert [body["actionId"] for body in api.bodies] == [move.action_id] * 2


def test_a_drive_sends_at_the_rate_and_counts_everything(api: Api) -> None:
    api.failures = 0
    players = make_some(300)
    drive = Drive("127.0.0.1", api.server_port, players, rate=40.0)
    drive.start()
    drive.step(1.5)
    drive.stop()
    snapshot = drive.statistics.snapshot()
    assert snapshot.outcomes == {"200": len(api.bodies)}
    assert 20 < len(api.bodies) <= 90
    assert snapshot.p95_ms is not None


def test_a_player_says_where_they_are_from_until_it_is_known(api: Api) -> None:
    api.failures = 0
    players = make_some(2)
    drive = Drive("127.0.0.1", api.server_port, players, rate=2.0)
    for client, number in ((Client("127.0.0.1", api.server_port), number) for number in range(4)):
        for player in players:
            drive.send(client, player.next_move(0.0, NOW))
        assert len(api.countries) == 2 * min(number + 1, 2)
        client.close()
    assert set(api.countries) == {(player.token, player.country) for player in players}
    assert {player.country for player in players} <= {*COUNTRIES}


@pytest.mark.parametrize(
    ("status", "answer", "retries", "word"),
    [
        (200, {"success": True}, 0, "200"),
        (202, {"status": "quarantined"}, 0, "202 quarantined"),
        (403, {"error": {"details": {"reason": "VELOCITY"}}}, 0, "403 VELOCITY"),
        (409, {"error": {"code": "DUPLICATE_ACTION"}}, 0, "409 DUPLICATE_ACTION"),
        (409, {"error": {"code": "ACTION_ID_CONFLICT"}}, 3, "409 ACTION_ID_CONFLICT"),
        (500, {}, 0, "500"),
    ],
)
def test_answers_are_counted_under_a_word(
    status: int, answer: dict[str, Any], retries: int, word: str
) -> None:
    assert outcome_of(status, answer, retries) == word


def test_quantiles_are_of_the_nearest_rank() -> None:
    assert quantile_ms([], 0.5) is None
    assert quantile_ms([0.001, 0.002, 0.003, 0.004], 0.5) == 3.0
    assert quantile_ms([0.010], 0.95) == 10.0
