"""The top in memory: read once for many, and never replaced by an older read."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import orjson
import pytest

from domain.actions.model import Status
from domain.actions.replies import Reply
from domain.boards.model import GLOBAL_BOARD, BoardId, Top
from domain.store.store import Store
from tests.waiting import run_in_threads, wait_until
from web.boards import cached_top as cached_top_module
from web.boards.cached_top import CachedTop

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def make_top(seq: int, epoch: str = "e") -> Top:
    return Top(GLOBAL_BOARD, epoch, seq, 0, (), NOW)


def make_message(seq: int, epoch: str = "e", *, batch: UUID | None = None) -> str:
    message = {"board": "global", "epoch": epoch, "seq": seq, "at": NOW, "total": 0, "top": []}
    more = {"batch": batch or uuid4(), "ranks": {}, "scores": {}, "actions": []}
    return orjson.dumps({**message, **more}).decode()


def make_result(**fields: Any) -> Reply:
    values = {"previous_score": 10, "new_score": 20, "rank": 3, **fields}
    return Reply(values.pop("status", Status.APPLIED), None, **values)


class SlowRead:
    """Stands in for `read_top`: a read lasts until the test lets it finish."""

    def __init__(self) -> None:
        self.reads = 0
        self.tops = iter(make_top(seq) for seq in range(5, 100))
        self.finish = threading.Event()

    def __call__(self, _store: Store, *, board: BoardId) -> Top:
        self.reads += 1
        top = next(self.tops)
        assert self.finish.wait(10)
        return top


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> SlowRead:
    """Replaces the read of the top."""
    read = SlowRead()
    monkeypatch.setattr(cached_top_module, "read_top", read)
    return read


def read_while(cached: CachedTop, slow: SlowRead, meanwhile: Callable[[], None]) -> Top:
    """Read the top and let something happen between the store's answer and its return."""
    before, tops = slow.reads, []
    thread = threading.Thread(target=lambda: tops.append(cached.read()[0]))
    thread.start()
    wait_until(lambda: slow.reads > before)
    meanwhile()
    slow.finish.set()
    thread.join(timeout=10)
    return tops[0]


def test_many_readers_without_the_bus_read_once(
    store: Store, slow: SlowRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_top_module, "STALE_SECONDS", 60)
    cached = CachedTop(store, GLOBAL_BOARD)
    seen: list[int] = []
    threading.Timer(0.05, slow.finish.set).start()
    run_in_threads(lambda: seen.append(cached.read()[0].seq), count=20)
    assert slow.reads == 1
    assert seen == [5] * 20


def test_nothing_is_read_while_the_bus_is_connected(store: Store, slow: SlowRead) -> None:
    cached = CachedTop(store, GLOBAL_BOARD)
    cached.on_connected()
    cached.on_message(make_message(7))
    assert cached.read() == (make_top(7), True)
    cached.on_message(make_message(6))
    assert cached.read()[0].seq == 7, "the board never goes back"
    cached.on_message(make_message(1, epoch="f"))
    assert cached.read()[0].epoch == "f", "a new epoch replaces it"
    assert slow.reads == 0


def test_a_slow_read_does_not_replace_a_newer_message(store: Store, slow: SlowRead) -> None:
    cached = CachedTop(store, GLOBAL_BOARD)
    cached.on_connected()
    assert read_while(cached, slow, lambda: cached.on_message(make_message(9))).seq == 5
    assert cached.read() == (make_top(9), True)


def test_a_read_from_before_the_connection_is_not_kept_after_it(
    store: Store, slow: SlowRead
) -> None:
    cached = CachedTop(store, GLOBAL_BOARD)
    assert read_while(cached, slow, cached.on_connected).seq == 5
    assert cached.read()[0].seq == 6, "what was published in between is in neither"
    assert cached.read() == (make_top(6), True)


def test_a_lost_bus_is_not_trusted(store: Store, slow: SlowRead) -> None:
    slow.finish.set()
    cached = CachedTop(store, GLOBAL_BOARD)
    cached.on_connected()
    cached.on_message(make_message(9))
    cached.on_lost()
    assert cached.read() == (make_top(5), False)


@pytest.fixture
def connected(store: Store, slow: SlowRead) -> CachedTop:
    """A top that a bus message has brought, at position 4; a read of the store returns 5, 6, ..."""
    slow.finish.set()
    cached = CachedTop(store, GLOBAL_BOARD)
    cached.on_connected()
    cached.on_message(make_message(4))
    assert cached.read() == (make_top(4), True)
    return cached


@pytest.mark.parametrize(
    "result",
    [
        make_result(),
        make_result(rank=100),
        make_result(rank=None),
        make_result(previous_score=0, rank=900),
    ],
    ids=["in the top", "the last of it", "of unknown rank", "a new player"],
)
def test_a_result_that_changes_the_top_is_seen_by_one_read_of_the_store(
    connected: CachedTop, slow: SlowRead, result: Reply
) -> None:
    connected.on_results(uuid4(), [make_result(rank=500), result])
    assert connected.read() == (make_top(5), False)
    for _ in range(20):
        assert connected.read() == (make_top(5), True)
    assert slow.reads == 1


@pytest.mark.parametrize(
    "result",
    [make_result(rank=101), make_result(status=Status.REJECTED, rank=None)],
    ids=["below the top", "rejected"],
)
def test_a_result_that_does_not_change_the_top_costs_no_read(
    connected: CachedTop, slow: SlowRead, result: Reply
) -> None:
    connected.on_results(uuid4(), [result])
    assert connected.read() == (make_top(4), True)
    assert slow.reads == 0


def test_the_message_of_the_batch_saves_the_read(connected: CachedTop, slow: SlowRead) -> None:
    batch, other = uuid4(), uuid4()
    connected.on_results(batch, [make_result()])
    connected.on_message(make_message(5, batch=other))
    connected.on_message(make_message(6, batch=batch))
    assert connected.read() == (make_top(6), True)
    connected.on_results(batch, [make_result()])
    connected.on_message(make_message(7, batch=other))
    assert connected.read()[1] is False, "another batch's message says nothing of this one"
    assert slow.reads == 1


def test_messages_from_before_the_read_do_not_replace_it(
    connected: CachedTop, slow: SlowRead
) -> None:
    connected.on_results(uuid4(), [make_result()])
    read = connected.read()[0]
    assert read.seq == 5
    connected.on_message(make_message(5))
    assert connected.read() == (read, True)
    connected.on_message(make_message(6))
    assert connected.read() == (make_top(6), True)


def test_a_result_that_comes_during_a_read_is_not_taken_for_seen(
    connected: CachedTop, slow: SlowRead
) -> None:
    slow.finish.clear()
    connected.on_results(uuid4(), [make_result()])
    read_while(connected, slow, lambda: connected.on_results(uuid4(), [make_result()]))
    assert connected.read() == (make_top(6), False)


def test_results_whose_messages_never_come_are_forgotten(
    connected: CachedTop, slow: SlowRead, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cached_top_module, "MAX_UNSEEN", 3)
    for _ in range(20):
        connected.on_results(uuid4(), [make_result()])
    assert len(connected._unseen) <= 3
    assert connected.read()[1] is False
    assert connected.read()[1] is True
