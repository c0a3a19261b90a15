"""The bus message: what one pipeline batch tells every web process, as JSON on one channel."""

from dataclasses import dataclass, field
from uuid import UUID

import orjson

from domain.boards.model import BoardId, Top, parse_top


@dataclass(frozen=True, slots=True)
class AppliedAction:
    """One applied action as listeners hear of it."""

    action_id: UUID
    user_id: UUID
    previous_score: int
    new_score: int
    score_delta: int


@dataclass(frozen=True, slots=True)
class RankMove:
    """A user's rank before and after the batch; None where there was none or it is not known."""

    previous_rank: int | None
    new_rank: int | None


@dataclass(frozen=True, slots=True)
class BusMessage:
    """The applied actions of one batch in order of effect, the ranks they moved, and the top.

    `scores` holds what the players of these actions have at this position: more than their last
    action brought them to when another batch of theirs was scored meanwhile. `top` was read in the
    same script that drew `seq`, so the state at a position is one thing for all processes.
    Positions are dense: a message whose `seq` is not the last one plus 1 (within an epoch) says
    that something was missed.
    """

    board: BoardId
    epoch: str
    seq: int
    actions: tuple[AppliedAction, ...]
    ranks: dict[UUID, RankMove]
    top: Top
    scores: dict[UUID, int] = field(default_factory=dict)
    # For the log alone.
    batch_id: str = ""


def parse_message_top(raw: str | bytes) -> Top:
    """Return only the top out of a bus message."""
    return parse_top(orjson.loads(raw))


def parse_bus_message(raw: str | bytes) -> BusMessage:
    """Return the message published by `publish_batch.lua`.

    The wire form is `{"board","batch","epoch","seq","at","total","top":[[userId,score,updatedMs,username]],
    "ranks":{userId:[previous,new]},"scores":{userId:score},
    "actions":[[actionId,userId,previous,new,delta]]}`.
    """
    wire = orjson.loads(raw)
    return BusMessage(
        board=BoardId(wire["board"]),
        epoch=wire["epoch"],
        seq=wire["seq"],
        actions=tuple(
            AppliedAction(UUID(action_id), UUID(user_id), previous, new, delta)
            for action_id, user_id, previous, new, delta in wire["actions"]
        ),
        ranks={
            UUID(user_id): RankMove(previous, new)
            for user_id, (previous, new) in wire["ranks"].items()
        },
        top=parse_top(wire),
        # A worker of the version before, still running while the others are replaced, has neither.
        scores={UUID(user_id): score for user_id, score in wire.get("scores", {}).items()},
        batch_id=wire.get("batch", ""),
    )
