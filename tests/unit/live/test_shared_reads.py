"""Reads that many ask for at once: each is answered by one that began after it asked."""

from collections.abc import Sequence

import gevent
import pytest
from gevent.event import Event

from web.live.shared_reads import SharedReads


def test_those_who_ask_during_a_read_share_the_next_one() -> None:
    reads: list[Sequence[int]] = []
    answered = Event()

    def read(keys: Sequence[int]) -> dict[int, tuple[int, int]]:
        reads.append(keys)
        answered.wait()
        return {key: (key, len(reads)) for key in keys if key != 4}

    shared = SharedReads(read)
    asking = [gevent.spawn(shared.find, key) for key in (1, 2, 3, 4, 1, 2)]
    gevent.sleep(0)
    answered.set()
    gevent.joinall(asking)
    assert reads == [[1], [2, 3, 4, 1]]
    assert [each.value for each in asking] == [(1, 1), (2, 2), (3, 2), None, (1, 2), (2, 2)]
    assert shared.find(1) == (1, 3), "nothing is kept"


def test_a_read_that_fails_is_tried_for_each_who_asked() -> None:
    reads: list[Sequence[int]] = []
    answered = Event()

    def read(keys: Sequence[int]) -> dict[int, int]:
        reads.append(keys)
        answered.wait()
        if len(reads) == 2:
            raise ValueError
        return {key: -key for key in keys}

    shared = SharedReads(read)
    first, second, third = (gevent.spawn(shared.find, key) for key in (1, 2, 3))
    gevent.sleep(0)
    answered.set()
    gevent.joinall([first, second, third])
    with pytest.raises(ValueError):
        second.get()
    assert (first.value, third.value) == (-1, -3)
    assert reads == [[1], [2, 3], [2, 3]]
