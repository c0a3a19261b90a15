"""Reads that many greenlets ask for at once, each a single key, and that a store answers together.

Used by `board_source.py` for the thousands who come back after a restart.
"""

from collections.abc import Callable, Hashable, Mapping
from typing import Generic, TypeVar

from gevent.lock import BoundedSemaphore

Key = TypeVar("Key", bound=Hashable)
Answer = TypeVar("Answer")


class _Batch(Generic[Key, Answer]):
    """Keys that are read together; `found` once they are."""

    __slots__ = ("found", "keys")

    def __init__(self) -> None:
        self.keys: dict[Key, None] = {}
        self.found: Mapping[Key, Answer] | None = None


class SharedReads(Generic[Key, Answer]):
    """Asks `read` for all who wait: while one read is under way, keys are collected for the next.

    So a read always begins after its keys were asked for. Belongs to one event loop.
    """

    def __init__(self, read: Callable[[list[Key]], Mapping[Key, Answer]]):
        self._read = read
        self._next = _Batch[Key, Answer]()
        self._one_at_once = BoundedSemaphore()

    def find(self, key: Key) -> Answer | None:
        """Return the answer for this key, or None when there is none; raises what `read` does."""
        batch = self._next
        batch.keys[key] = None
        with self._one_at_once:
            if batch.found is None:
                if batch is self._next:
                    self._next = _Batch()
                batch.found = self._read([*batch.keys])
        return batch.found.get(key)
