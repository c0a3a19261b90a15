"""A request that waits for its actions: first for their commit, then for their results."""

import threading
from collections.abc import Callable, Sequence
from uuid import UUID

from domain.actions.model import ActionResult, NewAction
from web.server.greenlets import make_signal

LookUp = Callable[[Sequence[UUID]], dict[UUID, ActionResult]]


class Waiter:
    """One request's actions on their way; filled by the flusher and by the replies.

    `accepted` holds the places (in `actions`) that were inserted for this very request: of twins
    only the first. `done` is set when there is nothing left to wait for.
    """

    __slots__ = (
        "accepted",
        "actions",
        "committed",
        "done",
        "error",
        "flights",
        "given_up",
        "results",
        "unstorable",
        "wants_results",
    )

    def __init__(self, actions: Sequence[NewAction], *, wants_results: bool):
        self.actions = actions
        self.wants_results = wants_results
        self.accepted: set[int] = set()
        self.unstorable: frozenset[UUID] = frozenset()
        self.results: dict[UUID, ActionResult] = {}
        self.flights: list[Flight] = []
        self.error: Exception | None = None
        self.committed = False
        self.given_up = False
        self.done = make_signal()

    @property
    def is_complete(self) -> bool:
        """Whether every accepted action has its result."""
        return len(self.results) >= len(self.accepted)

    def commit(self, *, is_last_word: bool = False) -> None:
        """Say that the actions are durable; whoever does not want more than that is released.

        So is everybody when it is the last word, because no replies are to be expected.
        """
        self.committed = True
        if is_last_word or self.given_up or not self.wants_results or self.is_complete:
            self.done.set()

    def fail(self, error: Exception) -> None:
        """Say that nothing is known to be durable."""
        self.error = error
        self.done.set()

    def hear(self, result: ActionResult) -> None:
        """Take one result; the last one releases the request."""
        self.results[result.action_id] = result
        if self.committed and self.is_complete:
            self.done.set()

    def give_up(self) -> None:
        """Expect no replies any more: the commit is the last word, said or still to come."""
        # In this order: the flusher says `committed` first and then looks whether we gave up.
        self.given_up = True
        if self.committed:
            self.done.set()

    def catch_up(self, look_up: LookUp) -> None:
        """Look for results whose replies did not come in time."""
        for flight in self.flights:
            if not self.is_complete:
                found = flight.catch_up(look_up)
                own = (self.actions[place].action_id for place in self.accepted)
                self.results.update({name: found[name] for name in own if name in found})


class Flight:
    """A batch between its commit and its reply, and who waits for which of its actions."""

    __slots__ = ("_found", "_mutex", "deadline", "waiters")

    def __init__(self, waiters: dict[UUID, Waiter], *, deadline: float):
        self.waiters = waiters
        self.deadline = deadline
        self._mutex = threading.Lock()
        self._found: dict[UUID, ActionResult] | None = None

    def catch_up(self, look_up: LookUp) -> dict[UUID, ActionResult]:
        """Return the batch's results by one look into the store, whoever of its waiters asks."""
        with self._mutex:
            if self._found is None:
                # Who waited here for a look that failed does not wait for another one.
                self._found = {}
                self._found = look_up(list(self.waiters))
            return self._found
