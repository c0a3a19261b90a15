"""The rows of a process's last batches: taken once, not for long, and of few batches."""

from uuid import uuid4

from domain.rankings.written_rows import KEPT_SECONDS, MOST_BATCHES, WrittenRows
from domain.store.redis.rankings import RowWrite

ROWS = {1: [RowWrite("user", "00", 7, 0)]}


def test_rows_are_taken_once() -> None:
    written, batch_id = WrittenRows(), uuid4()
    written.keep(batch_id, ROWS)
    assert written.take(uuid4()) is None
    assert written.take(batch_id) == ROWS
    assert written.take(batch_id) is None


def test_rows_that_have_lain_for_long_are_read_again() -> None:
    # A player who was removed meanwhile might be forgotten by then, and would come back.
    written, batch_id = WrittenRows(), uuid4()
    written.keep(batch_id, ROWS, now=0.0)
    assert written.take(batch_id, now=KEPT_SECONDS + 1) is None


def test_the_oldest_batch_makes_room() -> None:
    written, batches = WrittenRows(), [uuid4() for _ in range(MOST_BATCHES + 1)]
    for batch_id in batches:
        written.keep(batch_id, ROWS)
    assert written.take(batches[0]) is None
    assert written.take(batches[-1]) == ROWS
