"""A projection made again beside the stored one: both counted, hashed and compared row by row."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, Generic, TypeVar

import orjson

NAMED_DIFFERENCES = 20

Item = TypeVar("Item")


class Side:
    """The rows of one side: their number, and SHA-256 over their lines, in the order of taking.

    A line is a JSON array without spaces and a line feed: the key of the row, then the row.
    """

    def __init__(self) -> None:
        self.rows = 0
        self._digest = hashlib.sha256()

    def take(self, key: tuple[str, ...], row: Any) -> None:
        """Add one row."""
        self.rows += 1
        self._digest.update(orjson.dumps([*key, row], option=orjson.OPT_APPEND_NEWLINE))

    @property
    def checksum(self) -> str:
        """The hash of the rows so far, in hexadecimal digits."""
        return self._digest.hexdigest()


@dataclass(slots=True)
class Comparison:
    """One projection, `made` of the ledger and `stored`; the first differences as sentences.

    Equal when there is none.
    """

    name: str
    made: Side = field(default_factory=Side)
    stored: Side = field(default_factory=Side)
    differences: list[str] = field(default_factory=list)
    different: int = 0

    @property
    def is_equal(self) -> bool:
        """Whether no row differs."""
        return not self.different

    def take(self, key: tuple[str, ...], made: Any, stored: Any) -> None:
        """Compare one row, which is None where it does not exist."""
        if made is not None:
            self.made.take(key, made)
        if stored is not None:
            self.stored.take(key, stored)
        if made != stored:
            self.add_difference(f"{' '.join(filter(None, key))}: {_describe(made, stored)}")

    def add_difference(self, sentence: str) -> None:
        """Keep a sentence, if it is one of the first."""
        self.different += 1
        if len(self.differences) < NAMED_DIFFERENCES:
            self.differences.append(sentence)


def _describe(made: Any, stored: Any) -> str:
    if stored is None:
        return f"the ledger gives {_write(made)}, and nothing is stored"
    if made is None:
        return f"{_write(stored)} is stored, and the ledger gives nothing"
    return f"the ledger gives {_write(made)}, and {_write(stored)} is stored"


def _write(row: Any) -> str:
    return orjson.dumps(row).decode()


class ByPlayer(Generic[Item]):
    """Rows of a stream in order of player, taken player by player; each begins with the id."""

    def __init__(self, rows: Iterator[Item]):
        self._rows = rows
        self._next = next(rows, None)

    def take(self, user_id: str) -> list[Item]:
        """Return the next rows if they are this player's; else none."""
        taken: list[Item] = []
        while self._next is not None and self._user(self._next) == user_id:
            taken.append(self._next)
            self._next = next(self._rows, None)
        return taken

    def take_before(self, user_id: str | None) -> Iterator[Item]:
        """Yield the rows of players before this one; all that are left when it is None."""
        while self._next is not None and (user_id is None or self._user(self._next) < user_id):
            yield self._next
            self._next = next(self._rows, None)

    @staticmethod
    def _user(row: Any) -> str:
        user_id: str = row.user_id
        return user_id
