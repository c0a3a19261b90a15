"""The top in memory: read once for many, and never replaced by an older read."""

import threading
from collections.abc import Callable
from datetime import UTC, datetime

import orjson
import pytest

from domain.boards.model import GLOBAL_BOARD, BoardId, Top
from domain.store.store import Store
from tests.waiting import run_in_threads, wait_until
from web.boards import cached_top as cached_top_module
from web.boards.cached_top import CachedTop

NOW = datetime(2026, 11, 23, tzinfo=UTC)


def make_top(seq: int, epoch: str = "e") -> Top:
    return Top(GLOBAL_BOARD, epoch, seq, 0, (), NOW)


def make_message(seq: int, epoch: str = "e") -> str:
    message = {"board": "global", "epoch": epoch, "seq": seq, "at": NOW, "total": 0, "top": []}
    return orjson.dumps({**message, "ranks": {}, "scores": {}, "actions": []}).decode()


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
