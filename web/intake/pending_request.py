"""One request's actions, and one batch, on their way from the queue to their results.

Plain state: `PendingBatches` writes it with its lock held, and the request's own thread reads it.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from uuid import UUID

from domain.actions.model import Acceptance, ActionResult, NewAction, Status, Submission
from web.intake.clients import CallerClient
from web.server.greenlets import Event

LookUp = Callable[[Sequence[UUID]], dict[UUID, ActionResult]]


class RequestState(Enum):
    """Where a request stands; `done` is set in every state from RESOLVED on.

    QUEUED -> COMMITTED -> RESOLVED is the usual way. The time limit of the results leads from
    QUEUED to OVERDUE and from COMMITTED to TIMED_OUT.
    """

    QUEUED = auto()
    """Not known to be durable yet."""
    OVERDUE = auto()
    """Not known to be durable yet, and its commit is all that it still waits for."""
    COMMITTED = auto()
    """Durable; results are outstanding."""
    RESOLVED = auto()
    """Durable, with every result that the request wanted."""
    TIMED_OUT = auto()
    """Durable; it stopped waiting before all results came, so they have to be looked up."""
    ABANDONED = auto()
    """Durable; no replies are expected."""
    FAILED = auto()
    """Not durable, or unknown to be: `error` says why."""


@dataclass(slots=True, eq=False)
class PendingRequest:
    """The actions of one request and what is known of them.

    `accepted` holds the indexes (in `actions`) that were inserted for this very request: of
    actions with the same id only the first; `results` are by these indexes. `is_waiting` says that
    it counts as one that waits for results.
    """

    actions: Sequence[NewAction]
    done: Event
    wants_results: bool
    is_waiting: bool
    client: CallerClient | None = None
    state: RequestState = RequestState.QUEUED
    accepted: set[int] = field(default_factory=set)
    unstorable: frozenset[UUID] = frozenset()
    locked: frozenset[UUID] = frozenset()
    results: dict[int, ActionResult] = field(default_factory=dict)
    batches: list["PendingBatch"] = field(default_factory=list)
    error: Exception | None = None

    @property
    def is_committed(self) -> bool:
        """Whether the actions are durable."""
        return self.state not in (
            RequestState.QUEUED,
            RequestState.OVERDUE,
            RequestState.FAILED,
        )

    @property
    def is_complete(self) -> bool:
        """Whether every accepted action has its result."""
        return len(self.results) >= len(self.accepted)

    def submission_of(self, index: int) -> Submission:
        """Return the submission of an accepted action; pending when it has no result."""
        action_id = self.actions[index].action_id
        result = self.results.get(index) or ActionResult(action_id, Status.PENDING)
        return Submission(action_id, Acceptance.ACCEPTED, result)

    def look_up_results(self, look_up: LookUp) -> None:
        """Add the missing results from the store; only in TIMED_OUT, where no reply is taken."""
        for batch in self.batches:
            if not self.is_complete:
                found = batch.look_up_results(look_up)
                for index in self.accepted:
                    result = found.get(self.actions[index].action_id)
                    if result is not None:
                        self.results[index] = result


Owner = tuple[PendingRequest, int]
"""The request that an action belongs to, and its index there."""
Claims = Mapping[UUID, Owner]
"""For each action id of a flush its owner."""


class PendingBatch:
    """A batch between its commit and its reply, with its actions' owners by the integer of the id.

    `deadline` (of the clock of `PendingBatches`) is when it stops holding a slot.
    """

    __slots__ = ("_found", "_look_up_lock", "deadline", "owners")

    def __init__(self, owners: Mapping[int, Owner], *, deadline: float):
        self.owners = owners
        self.deadline = deadline
        self._look_up_lock = threading.Lock()
        self._found: dict[UUID, ActionResult] | None = None

    def look_up_results(self, look_up: LookUp) -> dict[UUID, ActionResult]:
        """Return the whole batch's results by one query, whichever of its requests asks first.

        Raises what `look_up` raises, once: a query that failed is not repeated for the others.
        """
        with self._look_up_lock:
            if self._found is None:
                self._found = {}
                owners = self.owners.values()
                self._found = look_up(
                    [request.actions[index].action_id for request, index in owners]
                )
            return self._found
