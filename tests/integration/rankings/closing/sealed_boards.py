"""Boards in tests of closing: versions, rankings and rows as scoring leaves them."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import orjson
from sqlalchemy import insert, text

from domain.boards.model import BoardId
from domain.rankings.definition import BoardDefinition
from domain.rankings.definition_json import decode_definition, encode_definition
from domain.rankings.folding import sort_key
from domain.rankings.model import Tally
from domain.store.postgres import tables
from domain.store.store import Store
from tests.factories import make_player
from tests.intakes import fetch

BOARD = BoardId("speedrun")
HOUR = timedelta(hours=1)
LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)


def make_definition(**fields: Any) -> BoardDefinition:
    """Return a definition from its JSON; a daily board by default."""
    return decode_definition({"id": str(BOARD), "period": {"kind": "daily"}, **fields})


def make_board(store: Store, *, live_at: datetime = LONG_AGO, **fields: Any) -> int:
    """Store a live version of the board, which retires the one before; returns its number."""
    definition = make_definition(**fields)
    with store.write() as connection:
        connection.execute(text("UPDATE board_catalog SET revision = revision + 1"))
        connection.execute(
            text(
                "INSERT INTO boards (board_id, state) VALUES (:id, 'active') ON CONFLICT DO NOTHING"
            ),
            {"id": str(definition.id)},
        )
        connection.execute(
            text("UPDATE board_versions SET state = 'retired' WHERE board_id = :id"),
            {"id": str(definition.id)},
        )
        number: int = connection.execute(
            text(
                "INSERT INTO board_versions (board_id, version, definition, state, live_at)"
                " SELECT :id, count(*) + 1, CAST(:definition AS jsonb), 'live', :live_at"
                " FROM board_versions WHERE board_id = :id RETURNING version_no"
            ),
            {
                "id": str(definition.id),
                "definition": orjson.dumps(encode_definition(definition)).decode(),
                "live_at": live_at,
            },
        ).scalar_one()
        connection.execute(
            text("UPDATE boards SET live_version_no = :number WHERE board_id = :id"),
            {"number": number, "id": str(definition.id)},
        )
    return number


def make_ranking(
    store: Store,
    version_no: int,
    *,
    key: str = "2026-11-25",
    segment: str = "",
    end: datetime | None = None,
) -> int:
    """Store a ranking whose period ended an hour ago by default; returns its number."""
    end = end or datetime.now(UTC) - HOUR
    with store.write() as connection:
        return int(
            connection.execute(
                insert(tables.rankings)
                .values(
                    version_no=version_no,
                    period_key=key,
                    segment=segment,
                    period_start=end - 24 * HOUR,
                    period_end=end,
                )
                .returning(tables.rankings.c.ranking_no)
            ).scalar_one()
        )


def add_rows(
    store: Store,
    ranking_no: int,
    values: Sequence[int],
    *,
    definition: BoardDefinition | None = None,
) -> list[UUID]:
    """Store a row of a new player for each value; returns the players in this order."""
    players = [make_player(store).user_id for _ in values]
    for player, value in zip(players, values, strict=True):
        write_row(store, ranking_no, player, value, definition=definition)
    return players


def write_row(
    store: Store,
    ranking_no: int,
    user_id: UUID,
    value: int | None,
    *,
    definition: BoardDefinition | None = None,
) -> None:
    """Write a row as scoring does, which keeps the one before of a sealed revision; None removes.

    Its number of the action is the next one.
    """
    with store.write() as connection:
        connection.execute(
            text(
                "INSERT INTO ranking_row_revisions (ranking_no, user_id, until_revision, value,"
                " columns, reached_seq, sort_key, last_updated)"
                " SELECT n.ranking_no, :user_id, n.revision, r.value, r.columns, r.reached_seq,"
                " r.sort_key, r.last_updated FROM rankings n"
                " LEFT JOIN ranking_rows r ON r.ranking_no = n.ranking_no AND r.user_id = :user_id"
                " WHERE n.ranking_no = :ranking_no AND n.revision > 0 ON CONFLICT DO NOTHING"
            ),
            {"ranking_no": ranking_no, "user_id": user_id},
        )
        connection.execute(
            text("DELETE FROM ranking_rows WHERE ranking_no = :ranking_no AND user_id = :user_id"),
            {"ranking_no": ranking_no, "user_id": user_id},
        )
        if value is None:
            return
        number = connection.execute(text("SELECT nextval('action_no_seq')")).scalar_one()
        tally = Tally(value, (), number, True, 1)
        connection.execute(
            insert(tables.ranking_rows).values(
                ranking_no=ranking_no,
                user_id=user_id,
                value=value,
                reached_seq=number,
                is_moved=True,
                counted=1,
                version=connection.execute(text("SELECT nextval('ranking_version_seq')")).scalar(),
                sort_key=sort_key(definition or make_definition(), tally),
                last_updated=datetime.now(UTC),
            )
        )


def read_seals(store: Store) -> list[tuple[int, int, int]]:
    """Return ranking, revision and number of rows of every seal."""
    return [
        (row.ranking_no, row.revision, row.row_count)
        for row in fetch(store, "SELECT * FROM ranking_seals ORDER BY ranking_no, revision")
    ]


def read_rewards(store: Store) -> list[tuple[UUID, int, str]]:
    """Return player, rank and reward of every grant, in order."""
    return [
        (row.user_id, row.rank, row.reward)
        for row in fetch(store, "SELECT * FROM rewards ORDER BY reward_no")
    ]
