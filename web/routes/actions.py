"""Actions: posting one, posting a batch, reading one, and the caller's own history."""

import time
from typing import Any

from flask import Response, request

from domain.actions.history import get_action, list_actions
from domain.actions.model import NewAction
from domain.errors import BannedError, InvalidPayloadError
from domain.moderation.appeals import appeal as make_appeal
from web.access.step_up import is_vouched
from web.http.caller import Principal
from web.http.errors import describe_error
from web.http.json_body import (
    MAX_BATCH_BODY_BYTES,
    parse_json_object,
    read_json_body,
    read_json_object,
)
from web.http.prefer import Wait, read_wait
from web.http.request_context import current, principal, request_id
from web.http.responses import Answer, answer_json, json_response
from web.http.scalars import parse_uuid
from web.intake.answers import answer_submission, describe_record, describe_submission, is_final
from web.metrics import action_seconds
from web.schemas.actions import read_action, read_batch, read_batch_element
from web.schemas.base import load
from web.schemas.cursors import write_cursor
from web.schemas.moderation.bodies import AppealBodySchema
from web.schemas.queries import HistoryQuery, load_query, read_path_uuid
from web.server.greenlets import run_in_thread
from web.server.request_body import fetch_body
from web.services import Services, services

_history_query = HistoryQuery()
_appeal = AppealBodySchema()


def complete() -> Answer:
    """Accept one action and wait briefly for its outcome."""
    started = time.perf_counter()
    used, holder = services(), principal()
    wait, environ = _read_wait(), current().environ
    raw = read_json_body(environ)
    action = read_action(
        parse_json_object(raw),
        holder,
        request_id(),
        needs_session=used.settings.require_session,
    )
    used.verifier.bans.refuse(action.user_id)
    if is_vouched(environ):
        (action,) = used.step_up.vouch(environ, holder, raw, [action])
    used.claims.note(holder)
    client = used.clients.find(environ, holder)
    (submission,) = used.batcher.submit([action], wait_seconds=wait.seconds, client=client)
    action_seconds.observe(time.perf_counter() - started)
    return _add_preference(answer_submission(submission), wait)


def batch() -> Answer:
    """Accept many actions, applied in their order; an invalid one fails alone."""
    wait = _read_wait()
    fetch_body(current().environ, MAX_BATCH_BODY_BYTES + 1)
    read = run_in_thread(_read_elements)
    used, holder = services(), principal()
    used.claims.note(holder)
    actions = [entry for entry in read if isinstance(entry, NewAction)]
    client = used.clients.find(current().environ, holder)
    submissions = iter(used.batcher.submit(actions, wait_seconds=wait.seconds, client=client))
    results: list[dict[str, Any]] = []
    status = 200
    for entry in read:
        if isinstance(entry, NewAction):
            submission = next(submissions)
            status = status if is_final(submission) else 202
            entry = describe_submission(submission)
        results.append(entry)
    return _add_preference(answer_json({"success": True, "results": results}, status), wait)


def one(action_id: str) -> Response:
    """Return the state of an action; a game server may read any player's."""
    holder = principal()
    record = get_action(
        services().store,
        action_id=read_path_uuid("actionId", action_id),
        user_id=None if holder.is_service else holder.user_id,
    )
    return json_response(describe_record(record))


def appeal(action_id: str) -> Response:
    """Appeal once against what was decided of one's own action."""
    wanted = read_path_uuid("actionId", action_id)
    body = load(_appeal, read_json_object(request.environ))
    made = make_appeal(
        services().store,
        action_id=wanted,
        user_id=principal().user_id,
        message=body["message"],
    )
    answer = {"actionId": wanted, "at": made.created_at, "state": made.state}
    return json_response(answer, 201, {"Location": f"/api/actions/{wanted}"})


def history() -> Response:
    """List the caller's own actions, newest first."""
    query = load_query(_history_query, request.args)
    records, next_no = list_actions(
        services().store,
        user_id=principal().user_id,
        before_no=query["cursor"],
        limit=query["limit"],
    )
    return json_response(
        {
            "actions": [describe_record(record) for record in records],
            "nextCursor": None if next_no is None else write_cursor(next_no),
        }
    )


def _read_elements() -> list[NewAction | dict[str, Any]]:
    """Return each element of the batch as `_read_element` does; may take a second of CPU."""
    environ, holder, sent_in, used = current().environ, principal(), request_id(), services()
    raw = read_json_body(environ, max_bytes=MAX_BATCH_BODY_BYTES)
    elements = read_batch(parse_json_object(raw))
    read = [_read_element(element, holder, sent_in, used) for element in elements]
    if not is_vouched(environ):
        return read
    actions = [entry for entry in read if isinstance(entry, NewAction)]
    vouched = iter(used.step_up.vouch(environ, holder, raw, actions))
    return [next(vouched) if isinstance(entry, NewAction) else entry for entry in read]


def _read_wait() -> Wait:
    default = services().settings.result_wait_seconds
    return read_wait(current().environ.get("HTTP_PREFER"), default_seconds=default)


def _add_preference(answer: Answer, wait: Wait) -> Answer:
    if wait.applied:
        answer.headers.append(("Preference-Applied", wait.applied))
    return answer


def _read_element(
    element: object, holder: Principal, sent_in: str, used: Services
) -> NewAction | dict[str, Any]:
    """Return the action, or the result entry that says what is wrong with it."""
    try:
        action = read_batch_element(
            element, holder, sent_in, needs_session=used.settings.require_session
        )
        used.verifier.bans.refuse(action.user_id)
        return action
    except (BannedError, InvalidPayloadError) as error:
        action_id = parse_uuid(element.get("actionId")) if isinstance(element, dict) else None
        return {"actionId": action_id, "error": describe_error(error)}
