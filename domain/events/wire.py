"""The one wire format of a board's state and of bus messages: all encoding and parsing of it.

Called by `domain/store/redis`, whose scripts join the parts (`state_json` in the prelude), and by
the web processes, which parse what they receive.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import Any, NamedTuple, Protocol
from uuid import UUID

import orjson

from domain.boards.model import (
    BoardId,
    BoardState,
    Standing,
    Top,
    from_milliseconds,
    to_milliseconds,
)

# A state is one JSON object:
#
#   {"board": slug, "epoch": text, "seq": integer, "at": ISO time, "total": users on the board,
#    "top": [[userId, score, updatedMs, username, reachedSeq], ...]}   in order of rank, from 1
#
# The answer of `read_top.lua` is a state. Those of `read_neighborhood.lua` and `read_page.lua` add
#
#   "first": rank of the first row in "around" (0: none), "around": [rows as in "top"]
#
# of which `read_around_many.lua` answers the rows alone,
# and a bus message, published by `publish_batch.lua`, adds
#
#   "batch": batchId, "ranks": {userId: [previous or null, new or null]}, "scores": {userId: score},
#   "actions": [[actionId, userId, previousScore, newScore, scoreDelta], ...]  in order of effect
#
# with the ranks and scores of the users to whose events somebody listens (of all of them while no
# process has said so).
#
# Scores are integers up to 2**53 - 1, which the doubles of a sorted set hold exactly.


@dataclass(frozen=True, slots=True)
class AppliedAction:
    """One applied action, as listeners receive it."""

    action_id: UUID
    user_id: UUID
    previous_score: int
    new_score: int
    score_delta: int


class Applied(Protocol):
    """What `encode_actions` reads of an action, whose class may have more; ids may be text."""

    @property
    def action_id(self) -> UUID | str: ...
    @property
    def user_id(self) -> UUID | str: ...
    @property
    def previous_score(self) -> int | None: ...
    @property
    def new_score(self) -> int | None: ...
    @property
    def score_delta(self) -> int: ...


@dataclass(frozen=True, slots=True)
class RankMove:
    """A user's rank before and after the batch; None where there was none or it is unknown."""

    previous_rank: int | None
    new_rank: int | None


ActionRow = Sequence[Any]
"""An applied action as it is on the wire; most are of players to whom nobody listens."""


@dataclass(frozen=True, slots=True)
class BusMessage:
    """The applied actions of one batch in order of effect, the ranks they changed, and the top.

    `rows` are the actions as they are on the wire. `scores` holds the scores of their users at this
    position: higher than the last action left them when another batch of theirs was scored
    meanwhile. `top` was read by the script that drew `seq`, so every process has the same state at
    a position. Positions are dense: a message whose `seq` is not the last one plus 1 (within an
    epoch) shows that a message was missed.
    """

    board: BoardId
    epoch: str
    seq: int
    rows: Sequence[ActionRow]
    ranks: dict[UUID, RankMove]
    top: Top
    scores: dict[UUID, int] = field(default_factory=dict)
    # The users of the actions, by the text of their ids.
    acting: frozenset[str] = field(default=frozenset(), compare=False)
    # For the log alone.
    batch_id: str = ""

    @property
    def actions(self) -> tuple[AppliedAction, ...]:
        """The actions, parsed at each look."""
        return tuple(
            AppliedAction(UUID(action_id), UUID(user_id), previous, new, delta)
            for action_id, user_id, previous, new, delta in self.rows
        )


class Touched(NamedTuple):
    """Between which scores each action of a bus message moved its player, and its position."""

    epoch: str
    seq: int
    scores: tuple[tuple[int, int], ...]


def encode_actions(actions: Iterable[Applied]) -> bytes:
    """Return the value of `actions`."""
    return orjson.dumps(
        [
            (
                action.action_id,
                action.user_id,
                action.previous_score,
                action.new_score,
                action.score_delta,
            )
            for action in actions
        ]
    )


def encode_state(
    state: BoardState, user_ids: Sequence[UUID | str]
) -> tuple[bytes, int, bytes, bytes]:
    """Return the values of `top`, `total`, `ranks` and `scores` of a state read from SQL.

    SQL does not know the previous ranks; `ranks` has every one of `user_ids`, null if not ranked.
    """
    rows = [
        (row.user_id, row.score, to_milliseconds(row.last_update), row.username, row.reached_seq)
        for row in state.top.standings
    ]
    moves = {str(user): (None, state.ranks.get(UUID(str(user)))) for user in user_ids}
    scores = {str(user): score for user, score in state.scores.items()}
    return (
        orjson.dumps(rows),
        state.top.total_users,
        orjson.dumps(moves),
        orjson.dumps(scores),
    )


def parse_top(raw: str | bytes) -> Top:
    """Return the top out of a state, or out of a bus message without parsing the rest.

    Raises ValueError, KeyError or TypeError for any other text.
    """
    return _top(orjson.loads(raw))


def parse_neighborhood(raw: str | bytes) -> tuple[Top, tuple[Standing, ...]]:
    """Return the top and the standings around the user; raises as `parse_top` does."""
    wire = orjson.loads(raw)
    return _top(wire), _standings(wire["around"], first_rank=wire["first"])


def parse_rows(raw: str | bytes, *, first_rank: int) -> tuple[Standing, ...]:
    """Return the standings out of rows alone; raises as `parse_top` does."""
    return _standings(orjson.loads(raw), first_rank=first_rank)


def parse_bus_message(raw: str | bytes) -> BusMessage:
    """Return a bus message; raises as `parse_top` does."""
    wire = orjson.loads(raw)
    top = _top(wire)
    acting = frozenset(user_id for _, user_id, _, _, _ in wire["actions"])
    message = BusMessage(
        board=top.board,
        epoch=top.epoch,
        seq=top.seq,
        rows=wire["actions"],
        ranks={
            UUID(user_id): RankMove(previous, new)
            for user_id, (previous, new) in wire["ranks"].items()
        },
        top=top,
        scores={UUID(user_id): score for user_id, score in wire["scores"].items()},
        acting=acting,
        batch_id=wire["batch"],
    )
    placed = zip(wire["top"], top.standings, strict=True)
    return add_standings(message, [standing for row, standing in placed if row[0] in acting])


def parse_touched(raw: str | bytes) -> Touched:
    """Return what of a bus message says whom it may have moved; raises as `parse_top` does."""
    wire = orjson.loads(raw)
    scores = ((previous, new) for _, _, previous, new, _ in wire["actions"])
    spans = tuple((min(pair), max(pair)) for pair in scores)
    return Touched(wire["epoch"], wire["seq"], spans)


def add_standings(message: BusMessage, standings: Iterable[Standing]) -> BusMessage:
    """Return the message with the ranks and scores of those of these users whom it lacks."""
    rows = [row for row in standings if row.user_id not in message.ranks]
    if not rows:
        return message
    ranks = {row.user_id: RankMove(None, row.rank) for row in rows}
    scores = {row.user_id: row.score for row in rows}
    return replace(message, ranks={**message.ranks, **ranks}, scores={**message.scores, **scores})


def _top(wire: Mapping[str, Any]) -> Top:
    return Top(
        board=BoardId(wire["board"]),
        epoch=wire["epoch"],
        seq=wire["seq"],
        total_users=wire["total"],
        standings=_standings(wire["top"], first_rank=1),
        read_at=datetime.fromisoformat(wire["at"]),
    )


def _standings(rows: Iterable[Sequence[Any]], *, first_rank: int) -> tuple[Standing, ...]:
    return tuple(_standing(rank, *row) for rank, row in enumerate(rows, start=first_rank))


# From one message to the next most rows of a top stay the same.
@lru_cache(maxsize=1024)
def _standing(
    rank: int,
    user_id: str,
    score: int,
    updated_ms: int,
    username: str,
    # Rows of the version before had none.
    reached_seq: int | None = None,
) -> Standing:
    return Standing(
        rank=rank,
        user_id=UUID(user_id),
        username=username,
        score=score,
        last_update=from_milliseconds(updated_ms),
        reached_seq=reached_seq,
    )
