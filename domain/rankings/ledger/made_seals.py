"""Seals made of the ledger again: the rows of sealed rankings are sorted and hashed.

Called by `replaying.py`. What has changed since its last seal is left out: a further one is due.
"""

from collections.abc import Iterable, Sequence
from itertools import groupby

from domain.rankings.closing.sealing import Digest, digest_rows
from domain.rankings.ledger.comparing import Comparison
from domain.rankings.model import RankingKey
from domain.store.postgres.rankings.ledger.scratch import (
    LastSeal,
    MadeRow,
    insert_made_rows,
    iterate_made_rows,
    make_scratch,
)
from domain.store.store import Connection

SEALS = "seals"
ROWS_AT_ONCE = 1_000


class MadeSeals:
    """Takes the rows of sealed rankings as they are made, on a connection for this alone."""

    def __init__(self, connection: Connection, seals: Sequence[LastSeal]):
        self._connection = connection
        self._seals = {seal.ranking_no: seal for seal in seals}
        self._waiting: list[MadeRow] = []
        make_scratch(connection)

    def take(self, row: MadeRow) -> None:
        """Keep a row, if it is of a ranking with a seal to compare."""
        if row.ranking_no in self._seals:
            self._waiting.append(row)
            if len(self._waiting) >= ROWS_AT_ONCE:
                self._write()

    def compare(self, names: Iterable[tuple[int, str, RankingKey]]) -> Comparison:
        """Compare every seal with the hash of the rows that were made; `names` has the boards."""
        self._write()
        comparison = Comparison(SEALS)
        known = {number: (board, key) for number, board, key in names}
        rows = iterate_made_rows(self._connection)
        made = {
            number: digest_rows(row for _, row in group)
            for number, group in groupby(rows, lambda each: each[0])
        }
        for number, seal in self._seals.items():
            board, key = known[number]
            name = (board, key.period_key, key.segment, f"revision {seal.revision}")
            digest = made.get(number, digest_rows(()))
            comparison.take(name, _line(digest), _line(seal.digest))
        return comparison

    def _write(self) -> None:
        if self._waiting:
            insert_made_rows(self._connection, rows=self._waiting)
            self._waiting.clear()


def _line(digest: Digest) -> list[object]:
    return [digest.rows, digest.sha256.hex()]
