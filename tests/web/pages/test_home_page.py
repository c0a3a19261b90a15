"""The page `/` as it comes from the server, before any script has run."""

import re
from collections.abc import Iterator
from html import unescape

import pytest
from flask.testing import FlaskClient

from domain.boards.model import GLOBAL_BOARD
from domain.store.store import Store, connect
from tests.factories import make_player, make_settings
from web.app import create_app
from web.intake.batcher import Batcher

ROW = re.compile(
    r'<tr data-user="([0-9a-f-]+)" data-score="(\d+)">.*?<span class="place( medal-\d)?">([\d,]+)'
    r"</span>.*?<bdi>(.*?)</bdi>.*?<span class=\"points\">([\d,]+)</span>"
)


@pytest.fixture
def without_stores() -> Iterator[FlaskClient]:
    """A client of an application whose stores are both away."""
    settings = make_settings()
    store = connect(settings)
    batcher = Batcher(settings, store, lambda _batch_id: None, board=GLOBAL_BOARD)
    yield create_app(settings, store, batcher).test_client()
    store.close()


def test_the_page_has_the_first_ten_rows_without_a_script(
    client: FlaskClient, store: Store
) -> None:
    players = [
        make_player(store, score=2000 - number, reached_seq=number + 1) for number in range(12)
    ]
    text = client.get("/").get_data(as_text=True)
    rows = ROW.findall(text)
    assert [row[0] for row in rows] == [str(player.user_id) for player in players[:10]]
    assert [row[3] for row in rows] == [str(rank) for rank in range(1, 11)]
    assert [row[2].strip() for row in rows[:4]] == ["medal-1", "medal-2", "medal-3", ""]
    assert (rows[0][1], rows[0][5]) == ("2000", "2,000")
    assert "12 players" in text
    assert re.search(r'<p class="note"[^>]* hidden>', text)


@pytest.mark.parametrize(
    "name",
    [
        "<img src=x onerror=alert(1)>",
        '"><script>alert(1)</script>',
        "{{ 7 * 7 }}{% if %}",
        "'; drop table x;--",
        "\u202egnp.exe",
        "سارة النجار",
        "👩‍🚀 astro",
        "W" * 32,
    ],
)
def test_a_name_is_text_and_nothing_else(client: FlaskClient, store: Store, name: str) -> None:
    make_player(store, username=name, score=5, reached_seq=1)
    text = client.get("/").get_data(as_text=True)
    (row,) = ROW.findall(text)
    assert unescape(row[4]) == name
    assert "<" not in row[4]
    assert len(re.findall("<script", text)) == 1


def test_an_empty_board_invites(client: FlaskClient) -> None:
    text = client.get("/").get_data(as_text=True)
    assert ROW.findall(text) == []
    assert "Be the first." in text
    assert "0 players" in text


def test_the_page_comes_while_the_stores_are_away_and_does_not_call_the_board_empty(
    without_stores: FlaskClient,
) -> None:
    answer = without_stores.get("/")
    text = answer.get_data(as_text=True)
    assert answer.status_code == 200
    assert "The standings cannot be read at the moment." in text
    assert "Be the first." not in text
    assert "0 players" not in text
