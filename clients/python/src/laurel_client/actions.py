"""Actions: what is sent, and what became of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from enum import StrEnum
from http import HTTPStatus
from typing import Any, Self
from uuid import UUID, uuid4

from laurel_client.errors import ApiError
from laurel_client.exchange import Call, Request, Response, Retries
from laurel_client.session import Session

BATCH_SIZE = 1000
"""How many actions the server takes in one request."""
LOOK_SECONDS = 0.5


class Status(StrEnum):
    """Where an action stands."""

    PENDING = "pending"
    APPLIED = "applied"
    HELD = "quarantined"
    REJECTED = "rejected"
    FAILED = "failed"
    VOIDED = "voided"
    ARCHIVED = "archived"
    """Sent before, so long ago that its outcome is in the archives only."""
    OTHER = "other"
    """What a newer server says; `Laurel.action` shows the word."""

    @classmethod
    def _missing_(cls, _value: object) -> Self:
        return cls.OTHER


@dataclass(frozen=True, kw_only=True)
class Action:
    """A completed action. Its id is made once: whoever sends it again sends the same one.

    `score` is what it adds, `timestamp` when it was completed. `user_id` is for game servers, which
    act for their players.
    """

    score: int
    metadata: Mapping[str, Any] = field(default_factory=dict)
    timestamp: datetime = field(default_factory=lambda: datetime.now(UTC))
    action_id: UUID = field(default_factory=uuid4)
    user_id: UUID | None = None

    def encode(self) -> dict[str, Any]:
        """Return the action as the server reads it."""
        body: dict[str, Any] = {
            "actionId": str(self.action_id),
            "score": self.score,
            "timestamp": self.timestamp.isoformat(),
        }
        if self.metadata:
            body["metadata"] = dict(self.metadata)
        if self.user_id is not None:
            body["userId"] = str(self.user_id)
        return body


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """What became of an action.

    The scores are the player's before and with it, `rank` is that of now; all are None unless it is
    applied. `reason` says why it was rejected. `is_repeat`: it had been sent before. `error` is set
    when the server refused to take it: alone, in a batch.
    """

    action_id: UUID
    status: Status
    new_score: int | None = None
    previous_score: int | None = None
    rank: int | None = None
    reason: str | None = None
    is_repeat: bool = False
    error: ApiError | None = None

    @property
    def is_final(self) -> bool:
        """Whether nothing but a moderator changes it any more."""
        return self.status is not Status.PENDING


def complete(session: Session, action: Action, retries: Retries, *, decided: bool) -> Call[Outcome]:
    """Send an action until it is stored, and with `decided` look until it is decided.

    Raises ApiError when it is refused, and UnreachableError.
    """
    request = Request(method="POST", path="/api/actions/complete", json=action.encode())
    outcome = read_answer(action, (yield from session.call(request, retries)))
    while decided and not outcome.is_final:
        pause = retries.next_pause(LOOK_SECONDS)
        if pause is None:
            break
        yield pause
        look = Request(method="GET", path=f"/api/actions/{action.action_id}")
        response = yield from session.call(look, retries)
        if response.is_ok and response.body is not None:
            outcome = _read_record(action, response.body)
    return outcome


def complete_batch(
    session: Session, actions: Sequence[Action], retries: Retries, *, decided: bool
) -> Call[list[Outcome]]:
    """Send actions, BATCH_SIZE at a time; return their outcomes in order.

    What is still pending is sent again, which is answered with what became of it. Raises ApiError
    when a whole request is refused, and UnreachableError.
    """
    outcomes: list[Outcome] = []
    for start in range(0, len(actions), BATCH_SIZE):
        chunk = actions[start : start + BATCH_SIZE]
        found = yield from _send_chunk(session, chunk, retries)
        while decided and (
            pending := [at for at, outcome in enumerate(found) if not outcome.is_final]
        ):
            pause = retries.next_pause(LOOK_SECONDS)
            if pause is None:
                break
            yield pause
            again = yield from _send_chunk(session, [chunk[at] for at in pending], retries)
            for at, outcome in zip(pending, again, strict=True):
                found[at] = replace(outcome, is_repeat=found[at].is_repeat)
        outcomes += found
    return outcomes


def read_answer(action: Action, response: Response) -> Outcome:
    """Return the outcome that an answer to a single action tells. Raises ApiError."""
    body = response.body or {}
    if response.status == HTTPStatus.OK:
        return _applied(action, body)
    if response.is_ok:
        return Outcome(action_id=action.action_id, status=Status(body["status"]))
    outcome = _read_error(action, response.error)
    if outcome is None:
        raise ApiError(response.status, response.error)
    return outcome


def _send_chunk(session: Session, chunk: Sequence[Action], retries: Retries) -> Call[list[Outcome]]:
    body = {"actions": [action.encode() for action in chunk]}
    request = Request(method="POST", path="/api/actions/batch", json=body)
    response = yield from session.call(request, retries)
    if not response.is_ok or response.body is None:
        raise ApiError(response.status, response.error)
    results = response.body["results"]
    return [_read_result(action, each) for action, each in zip(chunk, results, strict=True)]


def _read_result(action: Action, result: dict[str, Any]) -> Outcome:
    error = result.get("error")
    if error is None:
        return _read_record(action, result)
    outcome = _read_error(action, error)
    if outcome is not None:
        return outcome
    refusal = ApiError(None, error)
    return Outcome(action_id=action.action_id, status=Status.FAILED, error=refusal)


def _read_error(action: Action, error: dict[str, Any]) -> Outcome | None:
    """Return the outcome that an error tells; None when it tells none."""
    details = error.get("details") or {}
    match error.get("code"):
        case "DUPLICATE_ACTION":
            return _read_record(action, details["result"], is_repeat=True)
        case "FRAUD_DETECTED":
            reason = details.get("reason")
            return Outcome(action_id=action.action_id, status=Status.REJECTED, reason=reason)
        case "INTERNAL_ERROR" if details.get("status") == Status.FAILED:
            return Outcome(action_id=action.action_id, status=Status.FAILED)
    return None


def _read_record(action: Action, record: dict[str, Any], *, is_repeat: bool = False) -> Outcome:
    return Outcome(
        action_id=action.action_id,
        status=Status(record["status"]),
        new_score=record.get("newScore"),
        previous_score=record.get("previousScore"),
        rank=record.get("leaderboardPosition"),
        reason=record.get("reason"),
        is_repeat=is_repeat,
    )


def _applied(action: Action, body: dict[str, Any]) -> Outcome:
    return Outcome(
        action_id=action.action_id,
        status=Status.APPLIED,
        new_score=body["newScore"],
        previous_score=body["previousScore"],
        rank=body["leaderboardPosition"],
    )
