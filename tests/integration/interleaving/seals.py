"""Seals beside what the ledger said when they were taken."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from sqlalchemy import text

from domain.rankings.closing.closing import ClosedRanking
from domain.rankings.closing.sealing import digest_rows
from domain.rankings.definition import BoardDefinition
from domain.rankings.model import CountedAction, PlayerFacts
from domain.store.postgres.rankings.closing.revisions import iterate_revision
from domain.store.store import Connection, Store
from tests import rankings_reference as reference
from tests.bans import list_banned

LEDGER = text(
    "SELECT action_no, CAST(user_id AS text), action_type, score_delta, CAST(metadata AS text),"
    " created_at FROM user_actions WHERE status = 'applied'"
)
RANKINGS = text(
    "SELECT n.ranking_no, v.board_id, n.period_key, n.segment FROM rankings n"
    " JOIN board_versions v USING (version_no)"
)
SEALS = text("SELECT ranking_no, revision, row_count, sha256 FROM ranking_seals")

Rows = list[tuple[str, int, tuple[int, ...], int]]


@dataclass
class Seals:
    """What each revision that was sealed had to be, by ranking and revision."""

    store: Store
    boards: Sequence[BoardDefinition]
    players: Mapping[str, PlayerFacts]
    expected: dict[tuple[int, int], Rows] = field(default_factory=dict)

    def note(self, closed: ClosedRanking) -> None:
        """Keep what the ledger says of a ranking now."""
        number = closed.begun.ranking_no
        with self.store.write() as connection:
            ledger = read_shown_ledger(connection)
            named = {row[0]: row[1:] for row in connection.execute(RANKINGS)}
        board_id, *key = named[number]
        (board,) = (board for board in self.boards if str(board.id) == board_id)
        rankings = reference.rank_all(board, ledger, self.players, datetime.now(UTC))
        self.expected[number, closed.begun.revision] = [
            (row.user_id, row.value, row.columns, row.reached_seq)
            for row in rankings.get(tuple(key), ())
        ]

    def check(self) -> None:
        """Compare every revision, as it can be read now, with what it had to be."""
        with self.store.write() as connection:
            stored = {(row[0], row[1]): row[2:] for row in connection.execute(SEALS)}
            # A seal that was stored by a process which then crashed was not seen by it.
            assert stored.keys() >= self.expected.keys()
            for (number, revision), rows in self.expected.items():
                found: list[Any] = list(iterate_revision(connection, number, revision))
                assert rows == [
                    (str(row.user_id), row.value, row.columns, row.reached_seq) for row in found
                ]
                digest = digest_rows(found)
                count, sha256 = stored[number, revision]
                assert (count, bytes(sha256)) == (digest.rows, digest.sha256)


def read_shown_ledger(connection: Connection) -> list[CountedAction]:
    """Return the applied actions of those who are on boards."""
    banned = list_banned(connection)
    return [action for action in read_ledger(connection) if action.user_id not in banned]


def read_ledger(connection: Connection) -> list[CountedAction]:
    """Return all applied actions."""
    return [CountedAction(*row) for row in connection.execute(LEDGER)]
