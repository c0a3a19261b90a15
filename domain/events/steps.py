"""What one user's applied actions amount to between two positions of the bus: pure.

The live process keeps the steps of every user for a while, encoded: most are never looked at.
"""

from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, NamedTuple
from uuid import UUID

import orjson

from domain.events.wire import AppliedAction, BusMessage, RankMove

NO_STEPS = b"{}"
# All users of one message: [previous rank, new rank, score, [[actionId, previousScore, newScore,
# scoreDelta], ...]] by the text of the user's id.
_EncodedStep = Sequence[Any]


class UserStep(NamedTuple):
    """One user's applied actions from a position to a later one, in order of effect.

    `move` are the ranks before and after them, `score` is the one at the later position; None where
    it is unknown.
    """

    actions: tuple[AppliedAction, ...]
    move: RankMove
    score: int | None


def encode_steps(message: BusMessage) -> bytes:
    """Return the steps of all users of a bus message."""
    if not message.rows:
        return NO_STEPS
    moves = {str(user): move for user, move in message.ranks.items()}
    scores = {str(user): score for user, score in message.scores.items()}
    steps: dict[str, tuple[Any, ...]] = {}
    for action_id, user, previous_score, new_score, delta in message.rows:
        if user not in steps:
            move = moves.get(user)
            ranks = (move.previous_rank, move.new_rank) if move else (None, None)
            steps[user] = (*ranks, scores.get(user), [])
        steps[user][3].append((action_id, previous_score, new_score, delta))
    return orjson.dumps(steps)


def find_step(steps: bytes, user_id: UUID) -> UserStep | None:
    """Return this user's step among the encoded ones."""
    found = _decode(steps).get(str(user_id))
    if found is None:
        return None
    previous_rank, new_rank, score, rows = found
    actions = tuple(
        AppliedAction(UUID(action_id), user_id, previous, new, delta)
        for action_id, previous, new, delta in rows
    )
    return UserStep(actions, RankMove(previous_rank, new_rank), score)


def join_steps(steps: Sequence[UserStep]) -> UserStep:
    """Return one step for one user's steps that follow each other; there is at least one."""
    first, last = steps[0], steps[-1]
    if first is last:
        return first
    return UserStep(
        actions=tuple(action for step in steps for action in step.actions),
        move=RankMove(first.move.previous_rank, last.move.new_rank),
        score=last.score,
    )


# Many listeners that resume at once need the steps of the same messages.
@lru_cache(maxsize=32)
def _decode(steps: bytes) -> Mapping[str, _EncodedStep]:
    decoded: Mapping[str, _EncodedStep] = orjson.loads(steps)
    return decoded
