"""Decisions on actions, and the traces by which they are made."""

from contextlib import suppress
from datetime import UTC, datetime

from flask import Response, request

from domain.actions.model import Status
from domain.errors import RedisUnavailableError, StatusConflictError
from domain.moderation.deciding import Decision, await_outcome, decide_action
from domain.moderation.tracing import trace_action
from web.http.json_body import read_json_object
from web.http.prefer import read_wait
from web.http.request_context import principal
from web.http.responses import json_response
from web.routes.moderation.describing import (
    describe_act,
    describe_appeal,
    describe_check,
    describe_traced,
    describe_transition,
)
from web.schemas.base import load
from web.schemas.moderation.bodies import DecisionBodySchema
from web.schemas.queries import read_path_uuid
from web.services import services
from workers.broker import submit_batch

RETRY_AFTER_SECONDS = "1"
_decision = DecisionBodySchema()


def decide(action_id: str) -> Response:
    """Decide on an action, and wait briefly for what becomes of it."""
    wanted = read_path_uuid("actionId", action_id)
    body = load(_decision, read_json_object(request.environ))
    wait = read_wait(
        request.headers.get("Prefer"), default_seconds=services().settings.result_wait_seconds
    )
    store = services().store
    outcome = decide_action(
        store,
        action_id=wanted,
        decision=Decision(body["decision"]),
        by=str(principal().user_id),
        reason=body["reason"],
        now=datetime.now(UTC),
    )
    if outcome.batch_id is None or outcome.stage is None:
        raise StatusConflictError(details={"status": outcome.status})
    with suppress(RedisUnavailableError):  # the keeper finds the batch without a message
        submit_batch(outcome.batch_id, stage=outcome.stage)
    status = await_outcome(store, batch_id=outcome.batch_id, wait_seconds=wait.seconds)
    headers = {"Location": f"/api/moderation/actions/{wanted}/trace"}
    if wait.applied:
        headers["Preference-Applied"] = wait.applied
    answer = {"actionId": wanted, "decision": body["decision"], "status": status}
    if status is Status.PENDING:
        return json_response(answer, 202, {**headers, "Retry-After": RETRY_AFTER_SECONDS})
    return json_response(answer, 200, headers)


def trace(action_id: str) -> Response:
    """Return every check's outcome of an action, what was decided, and where the log has it."""
    found = trace_action(services().store, action_id=read_path_uuid("actionId", action_id))
    return json_response(
        {
            **describe_traced(found.action),
            "checks": [describe_check(check) for check in found.checks],
            "decisions": [describe_act(act) for act in found.acts],
            "appeal": None if found.appeal is None else describe_appeal(found.appeal),
            "transitions": [describe_transition(each) for each in found.transitions],
        }
    )
