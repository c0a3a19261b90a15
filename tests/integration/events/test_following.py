"""What a board shows now, and to whom."""

from domain.boards.model import BoardId
from domain.errors import InvalidPayloadError, NotFoundError
from domain.events.following import BoardPart, CurrentRanking, find_current
from domain.rankings.catalog import CatalogCache
from domain.store.store import Store
from tests.rankings import make_board


def find(store: Store, slug: str, segment: str = "") -> CurrentRanking:
    part = BoardPart(BoardId(slug), segment)
    found = find_current(store, catalogs=CatalogCache(), parts=[part])[part]
    assert isinstance(found, CurrentRanking)
    return found


def test_whom_a_board_shows_to(store: Store) -> None:
    make_board(store, "open")
    make_board(store, "secret", readers="admins")
    make_board(store, "split", segment="player.country")
    parts = [
        BoardPart(BoardId(slug), segment)
        for slug, segment in (
            ("open", ""),
            ("open", "DE"),
            ("secret", ""),
            ("split", ""),
            ("split", "DE"),
            ("none", ""),
        )
    ]
    found = find_current(store, catalogs=CatalogCache(), parts=parts)
    assert [type(found[part]) for part in parts] == [
        CurrentRanking,
        InvalidPayloadError,
        NotFoundError,
        InvalidPayloadError,
        CurrentRanking,
        NotFoundError,
    ]


def test_a_period_says_what_is_left_of_it(store: Store) -> None:
    make_board(store, "daily", period={"kind": "daily"})
    make_board(
        store,
        "over",
        period={"kind": "season", "start": "2020-01-01T00:00:00Z", "end": "2020-02-01T00:00:00Z"},
    )
    daily = find(store, "daily")
    assert daily.seconds_left is not None
    assert 0 < daily.seconds_left <= 86_400
    assert find(store, "over").seconds_left is None
    assert find(store, "over").period.key == "season"
