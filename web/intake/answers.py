"""The HTTP answer for an action that intake accepted or refused; called by the action routes."""

from collections.abc import Mapping
from typing import Any

from domain.actions.history import ActionRecord
from domain.actions.model import Acceptance, ActionResult, Status, Submission
from domain.errors import (
    ActionIdConflictError,
    DatabaseLockedError,
    DuplicateActionError,
    FraudDetectedError,
    InvalidPayloadError,
    LaurelError,
)
from web.http.errors import answer_error, describe_error
from web.http.responses import Answer, answer_json

RETRY_AFTER_SECONDS = "1"
LOCKED_MESSAGE = "The player's score is locked right now; repeat the request with the same actionId"


def answer_submission(submission: Submission) -> Answer:
    """Return the answer to one posted action."""
    location = {"Location": f"/api/actions/{submission.action_id}"}
    error = find_error(submission)
    if error is not None:
        return answer_error(error, location if isinstance(error, DuplicateActionError) else None)
    result = submission.result
    status = Status.PENDING if result is None else result.status
    if result is not None and status is Status.APPLIED:
        applied: dict[str, Any] = {
            "success": True,
            "newScore": result.new_score,
            "previousScore": result.previous_score,
            "leaderboardPosition": result.rank,
            "actionId": submission.action_id,
        }
        return answer_json(_with_boards(applied, result.boards))
    body: dict[str, Any] = {"success": True, "actionId": submission.action_id, "status": status}
    return answer_json(body, 202, {**location, "Retry-After": RETRY_AFTER_SECONDS})


def describe_submission(submission: Submission) -> dict[str, Any]:
    """Return one action's entry in the results of a batch."""
    error = find_error(submission)
    if error is not None:
        return {"actionId": submission.action_id, "error": describe_error(error)}
    result = submission.result or ActionResult(submission.action_id, Status.PENDING)
    return {"actionId": submission.action_id, **describe_result(result)}


def describe_result(result: ActionResult) -> dict[str, Any]:
    """Return a result's fields, as the answers to a batch and to a duplicate have them."""
    fields = {
        "status": result.status,
        "newScore": result.new_score,
        "previousScore": result.previous_score,
        "leaderboardPosition": result.rank,
    }
    return _with_boards(fields, result.boards)


def describe_record(record: ActionRecord) -> dict[str, Any]:
    """Return the fields of a stored action for its owner."""
    fields = {
        "actionId": record.action_id,
        "status": record.status,
        "score": record.score,
        "timestamp": record.timestamp,
        "metadata": record.metadata,
        "newScore": record.new_score,
        "previousScore": record.previous_score,
        "reason": record.reason,
        "acceptedAt": record.accepted_at,
        "completedAt": record.completed_at,
    }
    if record.appeal is not None:
        fields["appeal"] = {"at": record.appeal.created_at, "state": record.appeal.state}
    return _with_boards(fields, record.boards)


def _with_boards(fields: dict[str, Any], boards: Mapping[str, str] | None) -> dict[str, Any]:
    """Add by board why the action does not count there, if there is anything to say."""
    if boards:
        fields["boards"] = boards
    return fields


def is_final(submission: Submission) -> bool:
    """Return whether the client need not ask again: neither pending nor held for review."""
    if submission.acceptance is not Acceptance.ACCEPTED:
        return True
    result = submission.result
    return result is not None and result.status not in (Status.PENDING, Status.QUARANTINED)


def find_error(submission: Submission) -> LaurelError | None:
    """Return the error to answer with, or None."""
    if submission.acceptance is Acceptance.ACCEPTED:
        return None if submission.result is None else _find_outcome_error(submission.result)
    if submission.acceptance is Acceptance.CONFLICT:
        return ActionIdConflictError()
    if submission.acceptance is Acceptance.UNSTORABLE:
        return InvalidPayloadError("The action has data that cannot be stored")
    if submission.acceptance is Acceptance.LOCKED:
        return DatabaseLockedError(LOCKED_MESSAGE)
    return DuplicateActionError(details={"result": _describe_duplicate(submission)})


def _find_outcome_error(result: ActionResult) -> LaurelError | None:
    if result.status is Status.REJECTED:
        return FraudDetectedError(details={"reason": result.reason})
    if result.status is Status.FAILED:
        return LaurelError("The action could not be processed", details={"status": "failed"})
    return None


def _describe_duplicate(submission: Submission) -> dict[str, Any]:
    if submission.archived or submission.result is None:
        return {"status": "archived"}
    return describe_result(submission.result)
