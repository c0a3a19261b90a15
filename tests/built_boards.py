"""Boards in tests that are not counted as actions come in, but made of the ledger."""

import random
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import orjson
from sqlalchemy import text

from domain.rankings.counting import BoardRule
from domain.rankings.definition_json import decode_definition, encode_definition
from domain.rankings.folding import fold_player, sort_key
from domain.rankings.model import BoardVersion, CountedAction, PlayerFacts, VersionState
from domain.store.store import Store
from tests.factories import Player, make_player, make_stored_action

PER_DAY = {
    "id": "daily-best",
    "value": "metadata.points",
    "aggregate": "best",
    "tieBreakers": [{"value": "metadata.seconds", "direction": "asc"}],
    "period": {"kind": "daily"},
    "timeZone": "Europe/Berlin",
    "segment": "player.country",
}


def make_version(
    store: Store, document: Mapping[str, Any], *, state: VersionState = VersionState.BUILDING
) -> BoardVersion:
    """Store a version of a board, the next one when the board is there; nothing is built."""
    definition = decode_definition(dict(document))
    with store.write() as connection:
        row = connection.execute(
            text(
                "WITH board AS (INSERT INTO boards (board_id, state) VALUES (:board, 'active')"
                " ON CONFLICT DO NOTHING)"
                " INSERT INTO board_versions (board_id, version, definition, state)"
                " SELECT :board, coalesce(max(version), 0) + 1, CAST(:definition AS jsonb), :state"
                " FROM board_versions WHERE board_id = :board RETURNING version_no, version"
            ),
            {
                "board": str(definition.id),
                "definition": orjson.dumps(encode_definition(definition)).decode(),
                "state": state,
            },
        ).one()
        if state is VersionState.LIVE:
            connection.execute(
                text("UPDATE boards SET live_version_no = :number WHERE board_id = :board"),
                {"number": row.version_no, "board": str(definition.id)},
            )
    return BoardVersion(row.version_no, row.version, definition, state)


def find_zone_at_noon() -> str:
    """Return a time zone where it is about noon: no day ends there while a test runs.

    Its name has the opposite sign, as POSIX has it.
    """
    return f"Etc/GMT{datetime.now(UTC).hour - 12:+d}"


def make_ledger(
    store: Store, *, players: int, actions: int, since: datetime, until: datetime
) -> list[Player]:
    """Store players of three countries and their applied actions at some moments of the span.

    One action of each player is at its end, so that it is in the last period, however short.
    """
    dice = random.Random(9)
    crowd = [make_player(store) for _ in range(players)]
    for player in crowd:
        set_country(store, player, dice.choice(["de", "fr", "it"]))
    moments = sorted(
        since + timedelta(seconds=dice.randrange(int((until - since).total_seconds())))
        for _ in range(actions)
    )
    acting = [(dice.choice(crowd), at) for at in moments]
    for player, at in [*acting, *((player, until) for player in crowd)]:
        make_stored_action(
            store,
            player,
            at=at,
            score_delta=dice.randrange(5),
            action_type="level_complete",
            metadata={"points": dice.randrange(4), "seconds": dice.randrange(3)},
        )
    return crowd


def set_country(store: Store, player: Player, country: str) -> None:
    with store.write() as connection:
        connection.execute(
            text(
                "UPDATE users SET attributes = jsonb_build_object('country', CAST(:to AS text))"
                " WHERE user_id = :id"
            ),
            {"to": country, "id": player.user_id},
        )


Rows = dict[tuple[str, str, str], tuple[Any, ...]]
"""By period, segment and user: value, columns, reached_seq, is_moved, counted, sort key."""


def read_ranking_rows(store: Store, version: BoardVersion) -> Rows:
    """Return all rows of a version."""
    with store.write() as connection:
        rows = connection.execute(
            text(
                "SELECT r.period_key, r.segment, CAST(w.user_id AS text) AS user_id, w.*"
                " FROM rankings r JOIN ranking_rows w USING (ranking_no)"
                " WHERE r.version_no = :number"
            ),
            {"number": version.number},
        ).all()
    return {
        (row.period_key, row.segment, row[2]): (
            row.value,
            tuple(row.columns or ()),
            row.reached_seq,
            row.is_moved,
            row.counted,
            bytes(row.sort_key),
        )
        for row in rows
    }


def expect_rows(
    version: BoardVersion,
    actions: Sequence[CountedAction],
    facts: Mapping[str, PlayerFacts],
    *,
    now: datetime | None = None,
) -> Rows:
    """Return the rows that these actions come to, by one fold for each player."""
    rule = BoardRule(version)
    rows: Rows = {}
    for user_id, player in facts.items():
        own = [action for action in actions if action.user_id == user_id]
        found = fold_player([rule], own, player, now=now or datetime.now(UTC))
        for (_, period, segment), tally in found.tallies.items():
            rows[period.key, segment, user_id] = (
                tally.value,
                tally.columns,
                tally.reached_seq,
                tally.is_moved,
                tally.counted,
                sort_key(version.definition, tally),
            )
    return rows


def read_ledger(store: Store) -> tuple[list[CountedAction], dict[str, PlayerFacts]]:
    """Return all applied actions by number and what is known of the players; not the archives."""
    with store.write() as connection:
        actions = connection.execute(
            text(
                "SELECT action_no, CAST(user_id AS text), action_type, score_delta,"
                " CAST(metadata AS text), created_at FROM user_actions WHERE status = 'applied'"
                " ORDER BY action_no"
            )
        ).all()
        players = connection.execute(text("SELECT user_id, attributes FROM users")).all()
    facts = {str(user_id): PlayerFacts(attributes or {}, {}) for user_id, attributes in players}
    return [CountedAction(*row) for row in actions], facts
