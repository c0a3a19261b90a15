"""Followed rankings: published by the batches that change them, and to nobody else."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from domain.boards.model import BoardId
from domain.events.followed_rankings import FollowedRankings
from domain.events.following import BoardPart, CurrentRanking, find_current, name_top, read_top
from domain.rankings.catalog import CatalogCache
from domain.rankings.reads.standings import ReadRanking
from domain.store.redis import keys
from domain.store.redis.ranking_bus import (
    RankingMessage,
    list_followed,
    mark_followed,
    parse_ranking_message,
    publish_rankings,
)
from domain.store.redis.rankings import begin_rebuild, distrust, finish_rebuild
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from workers.context import WorkerContext


class Bus:
    """Receives what is published of rankings from now on."""

    def __init__(self, store: Store):
        self._pubsub = store.redis.subscribe(keys.rankings_channel())
        assert self._pubsub.get_message(timeout=1)["type"] == "subscribe"

    def receive(self) -> RankingMessage | None:
        """Return the next message, or None when there is none."""
        message = self._pubsub.get_message(timeout=0.1)
        return parse_ranking_message(orjson.loads(message["data"])) if message else None

    def close(self) -> None:
        self._pubsub.close()


@pytest.fixture
def bus(store: Store) -> Iterator[Bus]:
    """A subscriber."""
    bus = Bus(store)
    yield bus
    bus.close()


def act(context: WorkerContext, scores: dict[UUID, int], **fields: Any) -> None:
    """Complete one action of each of these players, in a process that has not looked yet."""
    complete_actions(
        replace(context, followed=FollowedRankings()),
        [make_action(user_id=user, score=score, **fields) for user, score in scores.items()],
    )


def find(store: Store, slug: str, segment: str = "") -> CurrentRanking:
    part = BoardPart(BoardId(slug), segment)
    found = find_current(store, catalogs=CatalogCache(), parts=[part])[part]
    assert isinstance(found, CurrentRanking)
    return found


def find_ranking(store: Store, slug: str, segment: str = "") -> ReadRanking:
    ranking = find(store, slug, segment).ranking
    assert ranking is not None
    return ranking


def trust(store: Store, ranking: ReadRanking) -> None:
    """Declare a ranking complete; it must be empty."""
    token = begin_rebuild(store.redis, ranking_nos=[ranking.number])
    finish_rebuild(store.redis, ranking_nos=[ranking.number], token=token)


def follow(store: Store, *rankings: ReadRanking) -> None:
    mark_followed(store.redis, rankings={each.number: each.order for each in rankings})


def test_only_followed_rankings_of_the_batch_are_published(
    worker_context: WorkerContext, bus: Bus
) -> None:
    store = worker_context.store
    for slug in ("first", "second", "other"):
        make_board(store, slug, actionTypes=["x"] if slug == "other" else [])
    ann = uuid4()
    act(worker_context, {ann: 1})
    act(worker_context, {ann: 1}, action_type="x")
    assert bus.receive() is None
    followed = find_ranking(store, "first")
    follow(store, followed, find_ranking(store, "other"))
    act(worker_context, {ann: 1}, action_type="y")
    message = bus.receive()
    assert message is not None
    assert (message.ranking_no, message.seq) == (followed.number, 1)
    assert bus.receive() is None


def test_who_follows_is_asked_once_a_second_and_only_when_a_ranking_has_changed(
    worker_context: WorkerContext, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = []

    def look(_redis: Any) -> dict[int, Any]:
        looks.append(1)
        return {}

    monkeypatch.setattr("domain.events.followed_rankings.list_followed", look)
    now = [100.0]
    context = replace(worker_context, followed=FollowedRankings(lambda: now[0]))
    complete_actions(context, [make_action()])
    assert len(looks) == 0
    make_board(context.store, "first")
    for at, count in ((100.0, 1), (100.9, 1), (101.0, 2), (101.5, 2)):
        now[0] = at
        complete_actions(context, [make_action()])
        assert len(looks) == count


def test_a_message_has_the_first_rows_with_their_names(
    worker_context: WorkerContext, bus: Bus
) -> None:
    store = worker_context.store
    make_board(store, "low", direction="asc", aggregate="best", ties="competition")
    users = [uuid4() for _ in range(4)]
    act(worker_context, {users[0]: 9})
    ranking = find_ranking(store, "low")
    trust(store, ranking)
    follow(store, ranking)
    act(worker_context, dict(zip(users, (9, 5, 7, 5), strict=True)))
    message = bus.receive()
    assert message is not None
    top = message.read_top(ranking.order)
    assert top is not None
    shown = name_top(store, ranking=ranking, top=top)
    assert (shown.seq, shown.total) == (1, 4)
    assert [(row.index, row.rank, row.standing.score) for row in shown.standings] == [
        (0, 1, 5),
        (1, 1, 5),
        (2, 3, 7),
        (3, 4, 9),
    ]
    assert {row.user_id for row in shown.standings[:2]} == {users[1], users[3]}
    assert all(row.standing.username for row in shown.standings)
    assert read_top(store, ranking=ranking) == shown


def test_positions_are_dense_and_an_empty_top_is_one(
    worker_context: WorkerContext, bus: Bus
) -> None:
    store = worker_context.store
    make_board(store, "first")
    act(worker_context, {uuid4(): 1})
    ranking = find_ranking(store, "first")
    trust(store, ranking)
    follow(store, ranking)
    assert read_top(store, ranking=ranking).seq == 0
    for seq in (1, 2):
        publish_rankings(
            store.redis, rankings={ranking.number: ranking.order}, now=datetime.now(UTC)
        )
        message = bus.receive()
        assert message is not None
        top = message.read_top(ranking.order)
        assert top is not None
        assert (top.seq, top.total, top.span.rows) == (seq, 0, ())
    assert read_top(store, ranking=ranking).seq == 2


def test_of_a_ranking_that_is_not_trusted_only_the_change_is_told(
    worker_context: WorkerContext, bus: Bus
) -> None:
    store = worker_context.store
    make_board(store, "first")
    ann = uuid4()
    act(worker_context, {ann: 3})
    ranking = find_ranking(store, "first")
    distrust(store.redis, ranking_nos=[ranking.number])
    follow(store, ranking)
    act(worker_context, {ann: 3})
    message = bus.receive()
    assert message is not None
    assert message.read_top(ranking.order) is None
    top = read_top(store, ranking=ranking)
    assert (top.epoch, top.seq, top.total) == ("", 0, 1)
    assert top.standings[0].standing.score == 6


def test_marks_end(store: Store) -> None:
    make_board(store, "first")
    assert list_followed(store.redis) == {}
    definition = find(store, "first").version.definition
    ranking = ReadRanking(7, definition)
    follow(store, ranking)
    assert list_followed(store.redis) == {7: ranking.order}
    key = keys.followed_rankings()
    assert 0 < store.redis.run(lambda client: client.ttl(key)) <= keys.FOLLOWED_TTL_SECONDS
    store.redis.run(lambda client: client.zadd(key, {'[8,"dense",8]': 1}))
    follow(store, ranking)
    assert list_followed(store.redis) == {7: ranking.order}


def test_very_many_may_be_followed(store: Store, bus: Bus) -> None:
    make_board(store, "first")
    definition = find(store, "first").version.definition
    rankings = {number: ReadRanking(number, definition).order for number in range(1, 1102)}
    mark_followed(store.redis, rankings=rankings)
    assert list_followed(store.redis) == rankings
    few = dict(list(rankings.items())[:70])
    publish_rankings(store.redis, rankings=few, now=datetime.now(UTC))
    heard = [message.ranking_no for message in iter(bus.receive, None) if message]
    assert heard == list(few)
