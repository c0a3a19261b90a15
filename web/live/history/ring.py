"""The last states of a board by position, and what each user did between them.

One ring belongs to one board and to one event loop; no method switches greenlets.
"""

import time
from bisect import bisect_right
from collections import deque
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar
from uuid import UUID

from domain.events.steps import NO_STEPS, UserStep, find_step, join_steps
from web.live.protocol import NO_POSITION, Position

State = TypeVar("State")

# What a moment takes beside its state and the text of its steps, and each user in it.
MOMENT_BYTES = 400
USER_BYTES = 200


class Bounds(NamedTuple):
    """How much a ring keeps.

    Messages older than `seconds` go while there are more than `messages`; the others go when there
    are more than `most_messages`, or more than `most_bytes`. A channel that has had nothing to say
    for `most_lag` messages is moved on, so that its listeners can resume later: fewer than are kept
    here, and than the stream has.
    """

    seconds: float = 120.0
    messages: int = 300
    most_messages: int = 10_000
    most_bytes: int = 32 << 20
    most_lag: int = 256


DEFAULT_BOUNDS = Bounds()


@dataclass(frozen=True, slots=True)
class _Moment(Generic[State]):
    seq: int
    state: State | None
    steps: bytes
    """What led here from the moment before."""
    at: float
    size_bytes: int


class Ring(Generic[State]):
    """States at the positions of one epoch, without a gap; the newest is the head.

    `clock` is monotonic, in seconds.
    """

    def __init__(
        self, *, bounds: Bounds = DEFAULT_BOUNDS, clock: Callable[[], float] = time.monotonic
    ):
        self.head = NO_POSITION
        self.size_bytes = 0
        self.bounds = bounds
        self._clock = clock
        self._moments: deque[_Moment[State]] = deque()
        self._by_seq: dict[int, _Moment[State]] = {}
        # For each user, by the text of the id, the positions of the steps that are kept.
        self._seqs: dict[str, list[int]] = {}
        self._dropped = 0

    def __len__(self) -> int:
        return len(self._moments)

    @property
    def state(self) -> State | None:
        """The state at the head; None before the first."""
        return self._moments[-1].state if self._moments else None

    def restart(self, position: Position, state: State | None) -> None:
        """Forget everything; the ring begins with this state, or with None if it is unknown."""
        self._moments.clear()
        self._by_seq.clear()
        self._seqs.clear()
        self._dropped = self.size_bytes = 0
        self.head = position
        self._add(_Moment(position.seq, state, NO_STEPS, self._clock(), MOMENT_BYTES))

    def append(
        self,
        position: Position,
        state: State,
        *,
        steps: bytes = NO_STEPS,
        acting: Collection[str] = (),
        state_bytes: int = 0,
    ) -> None:
        """Add the state at a later position of the same epoch, and what led there.

        `acting` are the users who have steps, by the text of their ids. `state_bytes` is about what
        the state takes in memory beyond the one before it.
        """
        size = MOMENT_BYTES + state_bytes + len(steps) + USER_BYTES * len(acting)
        for user in acting:
            self._seqs.setdefault(user, []).append(position.seq)
        self.head = position
        self._add(_Moment(position.seq, state, steps, self._clock(), size))
        self._drop_old()

    def covers(self, position: Position) -> bool:
        """Return whether all that was done since this position is known."""
        if position.epoch != self.head.epoch or not self._moments:
            return False
        return self._moments[0].seq <= position.seq <= self.head.seq

    def state_at(self, position: Position) -> State | None:
        """Return the state at this position; None when it is not known, or not any more."""
        if position.epoch != self.head.epoch:
            return None
        moment = self._by_seq.get(position.seq)
        return moment.state if moment else None

    def find_step(self, user_id: UUID, *, after: int, upto: int) -> UserStep | None:
        """Return what the user did after one position and up to another, as far as it is kept."""
        seqs = self._seqs.get(str(user_id))
        if seqs is None or seqs[-1] <= after:
            return None
        # What led to the oldest state, or to those before it, is not kept.
        after = max(after, self._moments[0].seq)
        between = seqs[bisect_right(seqs, after) : bisect_right(seqs, upto)]
        steps = [find_step(self._by_seq[seq].steps, user_id) for seq in between]
        known = [step for step in steps if step is not None]
        return join_steps(known) if known else None

    def _add(self, moment: _Moment[State]) -> None:
        self._moments.append(moment)
        self._by_seq[moment.seq] = moment
        self.size_bytes += moment.size_bytes

    def _drop_old(self) -> None:
        bounds, expired = self.bounds, self._clock() - self.bounds.seconds
        # The oldest moment is only the state before the first message that is kept.
        while (messages := len(self._moments) - 1) > 0 and (
            messages > bounds.most_messages
            or self.size_bytes > bounds.most_bytes
            or (messages > bounds.messages and self._moments[1].at < expired)
        ):
            dropped = self._moments.popleft()
            del self._by_seq[dropped.seq]
            self.size_bytes -= dropped.size_bytes
            self._dropped += 1
        if self._dropped > len(self._moments):
            self._forget_dropped()

    def _forget_dropped(self) -> None:
        """Forget of each user what was dropped; seldom, because it looks at everybody."""
        self._dropped, oldest = 0, self._moments[0].seq
        for user, seqs in tuple(self._seqs.items()):
            gone = bisect_right(seqs, oldest)
            if gone == len(seqs):
                del self._seqs[user]
            elif gone:
                del seqs[:gone]
