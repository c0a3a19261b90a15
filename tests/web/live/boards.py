"""Boards that are played in this process, and what a client makes of their events."""

from dataclasses import replace
from typing import Any
from uuid import UUID, uuid4

from sqlalchemy import text

from domain.boards.model import BoardId
from domain.events.followed_rankings import FollowedRankings
from domain.events.following import BoardPart, CurrentRanking, find_current, read_top
from domain.rankings.catalog import CatalogCache
from domain.rankings.refresh import refresh_rankings
from domain.store.redis.rankings import begin_rebuild, finish_rebuild
from domain.store.store import Store
from tests.factories import make_action
from tests.pipeline import complete_actions
from tests.rankings import make_board
from tests.web.live.client import Listener
from workers.context import WorkerContext

Event = dict[str, Any]


class PlayedBoard:
    """A board of its own name; its players act through the whole pipeline.

    `by` splits it, and `segment` is then the one that is looked at.
    """

    def __init__(
        self, context: WorkerContext, *, segment: str = "", by: str | None = None, **fields: Any
    ):
        self.slug = f"board-{uuid4().hex[:12]}"
        self.segment = segment
        self._context = replace(context, followed=FollowedRankings())
        make_board(context.store, self.slug, segment=by, **fields)

    def act(self, *actions: tuple[UUID, int], **fields: Any) -> None:
        """Complete these players' actions as one batch."""
        complete_actions(
            self._context,
            [make_action(user_id=user, score=score, **fields) for user, score in actions],
        )

    def begin(self, *scores: int) -> list[UUID]:
        """Let players have these scores in a ranking that Redis knows, and return them."""
        players = [uuid4() for _ in scores]
        self.act(*zip(players, scores, strict=True))
        self.trust(players)
        return players

    def trust(self, players: list[UUID]) -> None:
        """Rebuild the ranking, in which these players are."""
        store, numbers = self._context.store, [self.ranking_no]
        token = begin_rebuild(store.redis, ranking_nos=numbers)
        refresh_rankings(
            store,
            catalogs=self._context.catalogs,
            rankings=numbers,
            user_ids=[str(player) for player in players],
        )
        finish_rebuild(store.redis, ranking_nos=numbers, token=token)

    @property
    def current(self) -> CurrentRanking:
        """What the board shows now."""
        part = BoardPart(BoardId(self.slug), self.segment)
        found = find_current(self._context.store, catalogs=CatalogCache(), parts=[part])[part]
        assert isinstance(found, CurrentRanking)
        return found

    @property
    def ranking_no(self) -> int:
        """The number of the ranking of now."""
        assert self.current.ranking is not None
        return self.current.ranking.number

    def list_rows(self, limit: int) -> list[tuple[int, int, str, int | float]]:
        """Return index, rank, user and score of the first rows."""
        top = read_top(self._context.store, ranking=self.current.ranking)
        return [
            (row.index, row.rank, str(row.user_id), row.standing.score)
            for row in top.standings[:limit]
        ]


class Client:
    """What a client knows of one board's first rows: a snapshot, and the changes put into it."""

    def __init__(self, listener: Listener, board: PlayedBoard, **options: Any):
        self.listener = listener
        self.channel = f"leaderboard:{board.slug}"
        listener.say(op="subscribe", channel=self.channel, id="sub", **options)
        assert listener.hear_until("subscribed", id="sub")["recovered"] is False
        self.hear()

    @property
    def rows(self) -> list[tuple[int, int, str, int | float]]:
        """Index, rank, user and score of the rows, in order."""
        return sorted(
            (row["index"], row["rank"], user, row["score"]) for user, row in self._rows.items()
        )

    def hear(self) -> Event:
        """Take the next event of the channel, and return it."""
        while True:
            event = self.listener.hear()
            if event.get("channel") == self.channel and event["event"] != "subscribed":
                break
        if event["event"] == "snapshot":
            self._rows = {row["userId"]: row for row in event["leaderboard"]}
        elif event["event"] == "leaderboard_changed":
            assert (event["epoch"], event["from"]) == self.position
            for user in event["removed"]:
                del self._rows[user]
            for change in event["changes"]:
                self._rows[change["userId"]] = {**change, "rank": change["newRank"]}
        else:
            return event
        self.position = event["epoch"], event["seq"]
        self.total = event["totalUsers"]
        return event

    def hear_until(self, board: PlayedBoard, limit: int) -> None:
        """Take events until the rows are those of the board."""
        expected = board.list_rows(limit)
        while self.rows != expected:
            self.hear()


def change_board(store: Store, slug: str, statements: list[str], **parameters: Any) -> None:
    """Run these statements on a board, and let every process read the catalog again."""
    with store.write() as connection:
        for statement in ("UPDATE board_catalog SET revision = revision + 1", *statements):
            connection.execute(text(statement), {"slug": slug, **parameters})
